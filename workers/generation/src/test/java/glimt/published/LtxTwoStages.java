package glimt.published;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.Precision;
import glimt.bundle.Tokenizer;
import glimt.diffusion.Observer;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Refinement;
import glimt.model.Sampling;
import glimt.pipeline.Drafting;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.LevelWalk;
import glimt.pipeline.Mosaic;
import glimt.pipeline.PromptEncoder;
import glimt.pipeline.Prompted;
import glimt.pipeline.TokenIds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * LTX-Video's recipe of two stages: a small clip from the pipeline's own folder, its latents
 * enlarged by a network of their own, and noised and denoised again at the larger size. The folder
 * is imported; times, strength and noise are the recorded ones.
 */
final class LtxTwoStages implements EndToEnd {
  @Override
  public Map<String, NDArray> run(GoldenCase golden, NDManager manager)
      throws InterruptedException {
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    try (networks;
        BundleImport imported =
            BundleImport.of(
                List.of(golden.folder()),
                levels(golden),
                EndToEnd.folder(),
                ImportOptions.asPublished())) {
      return new Run(golden, imported.bundle(), networks, manager).made();
    }
  }

  /** The two stages as they are recorded. */
  private static ImportLevels levels(GoldenCase golden) {
    JsonNode recorded = golden.facts().path("end_to_end");
    JsonNode first = recorded.path("stage_1");
    return new ImportLevels(
        new ImportLevels.PixelSize(
            first.path("width").intValue(),
            first.path("height").intValue(),
            first.path("num_frames").intValue()),
        first.path("guidance_scale").doubleValue(),
        timesteps(first),
        List.of(
            new ImportLevels.LevelSource(
                golden.folder(),
                recorded.path("stage_2").path("denoise_strength").doubleValue(),
                null,
                null,
                timesteps(recorded.path("stage_2")))));
  }

  private static List<Double> timesteps(JsonNode stage) {
    List<String> times = new ArrayList<>();
    stage.path("timesteps").forEach(time -> times.add(time.asText()));
    return ImportLevels.timesteps(String.join(",", times));
  }

  /** One run, and what it made. */
  private static final class Run {
    private final GoldenCase golden;
    private final JsonNode recorded;
    private final Bundle bundle;
    private final NetworkCache networks;
    private final NDManager manager;
    private final RecordedNetwork transformer;
    private final Map<String, NDArray> made = new LinkedHashMap<>();
    private int steps;

    Run(GoldenCase golden, Bundle bundle, NetworkCache networks, NDManager manager) {
      this.golden = golden;
      this.recorded = golden.facts().path("end_to_end");
      this.bundle = bundle;
      this.networks = networks;
      this.manager = manager;
      this.transformer =
          new RecordedNetwork(
              networks.network(bundle, bundle.card().levels().getFirst().network()), manager);
    }

    Map<String, NDArray> made() throws InterruptedException {
      JsonNode first = recorded.path("stage_1");
      Level small = bundle.card().levels().getFirst();
      NDArray latents = walked(first, small, noise(0));
      made.put("stage1_latents", turned(latents));

      Level large = bundle.card().levels().getLast();
      Refinement.Upsampler upsampler =
          Objects.requireNonNull(Objects.requireNonNull(large.refinement()).upsampler());
      NDArray enlarged =
          Drafting.enlarged(
              latents,
              upsampler,
              Objects.requireNonNull(small.codec()),
              networks.network(bundle, upsampler.network()));
      enlarged.attach(manager);
      made.put("upsampled_latents", turned(enlarged));

      JsonNode second = recorded.path("stage_2");
      decoded(second, large, walked(second, large, enlarged));
      calls();
      made.keySet()
          .removeIf(
              name -> name.startsWith("network_call.") && !recorded.path("outputs").has(name));
      return made;
    }

    /** Walks a stage, the last of whose recorded times may be 0, where nothing changes. */
    private NDArray walked(JsonNode stage, Level level, NDArray from) throws InterruptedException {
      Refinement refinement = level.refinement();
      WalkRecipe whole =
          LevelWalk.of(level.parametrisation(), LevelWalk.at(level, level.sampling()));
      WalkRecipe recipe =
          refinement == null
              ? whole
              : whole.late(Refinement.skipped(whole.levels().steps(), refinement.strength()));
      Map<String, NDArray> conditions = conditions(stage, level);
      Trajectory walk =
          new Trajectory(
              recipe.sampler(),
              recipe.denoiser(
                  (x, time) ->
                      transformer.forward(
                          x, x.getManager().create(new float[] {(float) time}), conditions)),
              (_, _, _) -> {
                throw new IllegalStateException("nothing is drawn along the way");
              });
      Observer observer =
          new Observer() {
            @Override
            public boolean between(Waypoint here) {
              NDArray z = recipe.frame().leave(here.x(), here.sigma());
              z.attach(manager);
              after(z);
              return true;
            }
          };
      Waypoint start =
          refinement == null
              ? walk.at(recipe.levels(), recipe.begin(from), golden.name())
              : walk.start(recipe.levels(), from, noise(1), golden.name());
      NDArray latents = recipe.leave(walk.on(start, observer).x());
      after(latents);
      JsonNode times = stage.path("timesteps");
      if (times.get(times.size() - 1).doubleValue() == 0) {
        transformer.forward(latents, manager.zeros(new Shape(1)), conditions);
        after(latents);
      }
      return latents;
    }

    private void after(NDArray latents) {
      made.put("latents_after." + steps++, packed(latents));
    }

    /** What the bundle feeds its transformer for the stage's prompt. */
    private Map<String, NDArray> conditions(JsonNode stage, Level level) {
      Encoder encoder = bundle.card().encoders().getFirst();
      Map<Port, Function<NDManager, NDArray>> given = new HashMap<>();
      try (Tokenizer tokenizer = bundle.tokenizer(encoder.reader())) {
        Tokenizer.Tokens tokens = tokenizer.read(stage.path("prompt").textValue());
        Map<String, NDArray> states =
            new PromptEncoder(encoder, networks.network(bundle, encoder.network()))
                .encoded(manager, new TokenIds(tokens.ids(), tokens.read()));
        for (Port port : level.ports()) {
          if (port.feed() == Port.PortSource.ENCODER) {
            given.put(port, _ -> states.get(Objects.requireNonNull(port.output())));
          }
        }
      }
      return new Prompted(given, Map.of())
          .conditions(
              manager,
              level,
              new Sampling(
                  level.sampling().sampler(),
                  level.sampling().steps(),
                  GuidanceRule.of(1),
                  level.sampling().schedule()),
              () -> {
                throw new IllegalStateException("there is no level below");
              })
          .given();
    }

    private void calls() {
      List<Map<String, NDArray>> calls = transformer.calls();
      for (int i = 0; i < calls.size(); i++) {
        String call = "network_call.%s.".formatted(i);
        calls
            .get(i)
            .forEach(
                (port, array) -> {
                  switch (port) {
                    case Network.X -> made.put(call + "hidden_states", packed(array));
                    case Network.NOISE -> made.put(call + "timestep", array.reshape(-1, 1));
                    case RecordedNetwork.RESULT -> made.put(call + port, packed(array));
                    default -> made.put(call + port, array);
                  }
                });
      }
    }

    private void decoded(JsonNode stage, Level level, NDArray latents) {
      Codec own = Objects.requireNonNull(level.codec());
      Codec codec =
          new Codec(
              own.network(),
              own.axes(),
              own.factors(),
              own.causal(),
              own.channels(),
              own.scale(),
              own.shift(),
              new Codec.Noising(
                  stage.path("decode_noise_scale").doubleValue(),
                  stage.path("decode_timestep").doubleValue()));
      RecordedNetwork network =
          new RecordedNetwork(networks.network(bundle, codec.network()), manager);
      Mosaic latent = Mosaic.of(level);
      long[] shape = latent.shape(latent.whole());
      new LatentDecoder(codec, network)
          .decoded(
              manager,
              latents.toFloatArray(),
              shape,
              latent.valuesPerChannel(shape),
              () -> noise(2).toFloatArray());
      Map<String, NDArray> only = network.calls().getFirst();
      NDArray seen = Objects.requireNonNull(only.get(RecordedNetwork.RESULT));
      NDArray z = Objects.requireNonNull(only.get(LatentDecoder.INPUT));
      made.put("vae_decode.0.z", turned(z));
      made.put("vae_decode.0.result", turned(seen));
      made.put("video", seen.div(2).add(0.5).clip(0, 1));
    }

    private NDArray noise(int draw) {
      return turned(EndToEnd.given(golden, manager, "in.noise." + draw));
    }
  }

  /** Clips are recorded with their channels before their frames. */
  private static NDArray turned(NDArray clip) {
    return clip.transpose(0, 2, 1, 3, 4);
  }

  /** The tokens of a clip, [B, positions, channels]. */
  private static NDArray packed(NDArray clip) {
    Shape shape = clip.getShape();
    return clip.transpose(0, 1, 3, 4, 2).reshape(shape.get(0), -1, shape.get(2));
  }
}
