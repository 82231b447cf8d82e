package glimt.published;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.Precision;
import glimt.bundle.Tokenizer;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Draw;
import glimt.diffusion.Observer;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.diffusion.diffusers.PublishedWalk;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Expert;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Port.Unconditional;
import glimt.model.Refinement;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.pipeline.ExpertNetworks;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.LatentEncoder;
import glimt.pipeline.LevelDenoiser;
import glimt.pipeline.LevelDenoiser.Conditioning;
import glimt.pipeline.LevelWalk;
import glimt.pipeline.Mosaic;
import glimt.pipeline.PromptEncoder;
import glimt.pipeline.Prompted;
import glimt.pipeline.TokenIds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline of prompts, latents and a decoder: its folder is imported, and everything between the
 * prompt and what people see is asked of the bundle as a worker asks it, but for the noise, which
 * is the recorded one.
 */
final class LatentsEndToEnd implements EndToEnd {
  /** What the field calls the ports of its networks. */
  private static final Map<String, List<String>> NAMES =
      Map.of(
          Network.X,
          List.of("sample", "hidden_states"),
          Network.NOISE,
          List.of("timestep"),
          "text_embeds",
          List.of("added_cond_kwargs.text_embeds"),
          "time_ids",
          List.of("added_cond_kwargs.time_ids"));

  @Override
  public Map<String, NDArray> run(GoldenCase golden, NDManager manager)
      throws InterruptedException {
    return run(golden, manager, golden.folder(), SingleFileOptions.NONE);
  }

  /** Runs it with what lies elsewhere. */
  Map<String, NDArray> run(
      GoldenCase golden, NDManager manager, Path published, SingleFileOptions singleFile)
      throws InterruptedException {
    JsonNode call = golden.facts().path("end_to_end").path("call");
    ImportOptions options =
        new ImportOptions(
            "",
            "",
            call.path("clip_skip").asInt(0),
            call.path("max_sequence_length").asInt(0),
            List.of(),
            singleFile);
    Path models = EndToEnd.folder();
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    try (networks;
        BundleImport imported = BundleImport.of(published, models, options)) {
      return new Run(golden, call, imported.bundle(), networks, manager).made();
    }
  }

  /** One run, and what it made. */
  private static final class Run {
    private final GoldenCase golden;
    private final JsonNode call;
    private final Bundle bundle;
    private final NetworkCache networks;
    private final NDManager manager;
    private final Level level;
    private final Sampling sampling;

    /** Whether clips are recorded as tokens, [B, positions, channels]. */
    private final boolean packed;

    private final Map<String, NDArray> made = new LinkedHashMap<>();

    Run(GoldenCase golden, JsonNode call, Bundle bundle, NetworkCache networks, NDManager manager) {
      this.golden = golden;
      this.call = call;
      this.bundle = bundle;
      this.networks = networks;
      this.manager = manager;
      Level usual = bundle.card().levels().getFirst();
      List<Integer> extents = new ArrayList<>();
      for (String axis : bundle.card().kind().axes()) {
        extents.add(call.path(axis.equals("frames") ? "num_frames" : axis).intValue());
      }
      this.level = usual.seenAt(extents);
      this.packed = extents.size() == 3 && golden.expected().get("in.latents").shape().size() == 3;
      this.sampling =
          LevelWalk.at(
              level,
              new Sampling(
                  Sampling.PUBLISHED,
                  call.path("num_inference_steps").intValue(),
                  new GuidanceRule(
                      usual.sampling().guidance().mixing(),
                      call.path("guidance_scale").doubleValue(),
                      call.path("guidance_rescale").asDouble(0),
                      null,
                      null),
                  usual.sampling().schedule()));
    }

    Map<String, NDArray> made() throws InterruptedException {
      Expert expert = level.expert();
      Network one = networks.network(bundle, level.network());
      RecordedNetwork network =
          new RecordedNetwork(
              expert == null
                  ? one
                  : new ExpertNetworks(one, networks.network(bundle, expert.network()), expert),
              manager);
      NDArray latents = walked(network);
      calls(network.calls());
      decoded(latents);
      made.keySet().retainAll(recorded());
      return made;
    }

    private List<String> recorded() {
      List<String> names = new ArrayList<>();
      golden.facts().path("end_to_end").path("outputs").fieldNames().forEachRemaining(names::add);
      return names;
    }

    private NDArray walked(Network network) throws InterruptedException {
      Conditioning conditions =
          prompted()
              .conditions(
                  manager,
                  level,
                  sampling,
                  () -> {
                    throw new IllegalStateException("there is no level below");
                  });
      WalkRecipe recipe = recipe();
      long draws =
          golden.expected().tensors().keySet().stream()
              .filter(name -> name.startsWith("in.noise."))
              .count();
      int each = Math.ceilDiv(Math.toIntExact(draws), sampling.steps()); // some end without any
      Draw recordedNoise =
          (like, step, number) ->
              clip(EndToEnd.given(golden, like.getManager(), "in.noise." + (step * each + number)));
      Denoiser denoiser =
          new LevelDenoiser(network, level.parametrisation(), sampling, expert())
              .guided(conditions);
      List<NDArray> states = new ArrayList<>();
      // A scheduler steps after each answer, also within a step of higher order.
      Denoiser observed =
          (x, sigma, before) -> {
            NDArray z = recipe.frame().leave(x, sigma);
            z.attach(manager);
            states.add(z);
            return denoiser.estimate(x, sigma, before);
          };
      Trajectory walk = new Trajectory(recipe.sampler(), observed, recordedNoise);
      NDArray noise = clip(EndToEnd.given(golden, manager, "in.latents"));
      Waypoint start =
          call.has("strength")
              ? walk.start(recipe.levels(), given(), noise, golden.name())
              : walk.at(recipe.levels(), recipe.begin(noise), golden.name());
      Waypoint end = walk.on(start, Observer.NOBODY);
      NDArray latents = recipe.leave(end.x());
      states.add(latents);
      made.put("latents_before", laid(states.getFirst()));
      for (int i = 1; i < states.size(); i++) {
        made.put("latents_after." + (i - 1), laid(states.get(i)));
      }
      return latents;
    }

    /** The latent of the recorded picture. */
    private NDArray given() {
      Codec codec = Objects.requireNonNull(level.codec());
      String encoder = Objects.requireNonNull(codec.encoding()).network();
      Mosaic latent = Mosaic.of(level);
      long[] shape = latent.shape(latent.whole());
      NDArray pixels = EndToEnd.given(golden, manager, "in.image").mul(2).sub(1);
      float[] values =
          new LatentEncoder(codec, networks.network(bundle, encoder))
              .encoded(
                  manager,
                  pixels.toFloatArray(),
                  latent.decodedShape(codec, shape),
                  latent.valuesPerChannel(shape),
                  () -> EndToEnd.given(golden, manager, "in.vae_encode.noise").toFloatArray());
      return manager.create(values, new Shape(1).addAll(new Shape(shape)));
    }

    /** The walk, or as much of it as the call's strength leaves. */
    private WalkRecipe recipe() {
      WalkRecipe whole = wholeRecipe();
      return call.has("strength")
          ? whole.late(
              Refinement.skipped(whole.levels().steps(), call.path("strength").doubleValue()))
          : whole;
    }

    /** The walk, with the pipeline's further arguments of its scheduler's steps. */
    private WalkRecipe wholeRecipe() {
      WalkRecipe usual = LevelWalk.of(level.parametrisation(), sampling);
      if (!call.has("eta")) {
        return usual;
      }
      Map<String, Object> asked =
          Map.of("num_inference_steps", sampling.steps(), "eta", call.path("eta").doubleValue());
      return PublishedWalk.of(((Schedule.Published) sampling.schedule()).settings())
          .inSinglePrecision()
          .walk(asked);
    }

    /** The second network's guidance, which is the first one's unless the call gives another. */
    private @Nullable Expert expert() {
      Expert own = level.expert();
      JsonNode weight = call.path("guidance_scale_2");
      return own == null
          ? null
          : new Expert(
              own.network(), own.below(), weight.isNumber() ? (Double) weight.doubleValue() : null);
    }

    /** What the bundle's encoders make of both prompts, by the ports they feed. */
    private Prompted prompted() {
      Map<Port, Function<NDManager, NDArray>> given = new HashMap<>();
      Map<Port, Function<NDManager, NDArray>> withheld = new HashMap<>();
      BundleCard card = bundle.card();
      @Nullable String negative = call.path("negative_prompt").textValue();
      for (Port port : level.ports()) {
        if (port.feed() == Port.PortSource.ENCODER) {
          Encoder encoder = card.encoder(Objects.requireNonNull(port.encoder()));
          String output = Objects.requireNonNull(port.output());
          String prompt = call.path("prompt").textValue();
          given.put(port, _ -> encoded(encoder, prompt).get(output));
          if (negative != null || port.unconditional() != Unconditional.NEGATIVE_PROMPT_OR_ZEROS) {
            String other = Objects.requireNonNullElse(negative, "");
            String otherOutput = Objects.requireNonNull(port.unconditionalOutput());
            withheld.put(port, _ -> encoded(encoder, other).get(otherOutput));
          }
        }
      }
      return new Prompted(given, withheld);
    }

    private Map<String, NDArray> encoded(Encoder encoder, String prompt) {
      try (Tokenizer tokenizer = bundle.tokenizer(encoder.reader())) {
        Tokenizer.Tokens tokens = tokenizer.read(prompt);
        return new PromptEncoder(encoder, networks.network(bundle, encoder.network()))
            .encoded(manager, new TokenIds(tokens.ids(), tokens.read()));
      }
    }

    /** A guided batch is conditional first here, and last where it is recorded as one call. */
    private void calls(List<Map<String, NDArray>> calls) {
      boolean apart =
          sampling.guided()
              && recorded().contains("network_call." + 2 * (calls.size() - 1) + ".result");
      for (int i = 0; i < calls.size(); i++) {
        int number = i;
        calls
            .get(i)
            .forEach(
                (port, array) -> {
                  for (String name : NAMES.getOrDefault(port, List.of(port))) {
                    if (!sampling.guided()) {
                      boolean time = port.equals(Network.NOISE) && !packed;
                      put(number, name, time ? array.get(0) : laid(array));
                    } else if (!port.equals(Network.NOISE)) {
                      NDList halves = array.split(2);
                      if (apart) {
                        put(2 * number, name, laid(halves.get(0)));
                        put(2 * number + 1, name, laid(halves.get(1)));
                      } else {
                        put(number, name, laid(halves.get(1).concat(halves.get(0), 0)));
                      }
                    } else if (apart) {
                      put(2 * number, name, array.get("0:1"));
                      put(2 * number + 1, name, array.get("0:1"));
                    } else {
                      put(number, name, packed ? array : array.get(0));
                    }
                  }
                });
      }
    }

    private void put(int call, String name, NDArray array) {
      made.put("network_call.%s.%s".formatted(call, name), array);
    }

    /** A clip as it is recorded. */
    private NDArray laid(NDArray array) {
      return packed && array.getShape().dimension() == 5
          ? array
              .transpose(0, 1, 3, 4, 2)
              .reshape(array.getShape().get(0), -1, array.getShape().get(2))
          : turned(array);
    }

    /** The clip that is recorded so. */
    private NDArray clip(NDArray array) {
      if (!packed) {
        return turned(array);
      }
      Shape tokens = new Shape(level.extents().stream().mapToLong(extent -> extent).toArray());
      return array
          .reshape(new Shape(1).addAll(tokens).add(level.channels()))
          .transpose(0, 1, 4, 2, 3);
    }

    private void decoded(NDArray latents) {
      Codec codec = Objects.requireNonNull(level.codec());
      RecordedNetwork network =
          new RecordedNetwork(networks.network(bundle, codec.network()), manager);
      Mosaic latent = Mosaic.of(level);
      long[] shape = latent.shape(latent.whole());
      new LatentDecoder(codec, network)
          .decoded(manager, latents.toFloatArray(), shape, latent.valuesPerChannel(shape));
      Map<String, NDArray> only = network.calls().getFirst();
      NDArray z = Objects.requireNonNull(only.get(LatentDecoder.INPUT));
      NDArray seen = Objects.requireNonNull(only.get(RecordedNetwork.RESULT));
      boolean pictures = golden.expected().get("out.e2e.vae_decode.0.z").shape().size() == 4;
      made.put("vae_decode.0.z", pictures ? frames(z) : turned(z));
      made.put("vae_decode.0.result", pictures ? frames(seen) : turned(seen));
      NDArray shown = seen.div(2).add(0.5).clip(0, 1);
      made.put("image", shown);
      made.put("video", shown);
    }
  }

  /** The frames of one clip as a batch of pictures; pictures stay what they are. */
  private static NDArray frames(NDArray clip) {
    return clip.getShape().dimension() == 5 ? clip.squeeze(0) : clip;
  }

  /** Clips are recorded with their channels before their frames. */
  private static NDArray turned(NDArray array) {
    return array.getShape().dimension() == 5 ? array.transpose(0, 2, 1, 3, 4) : array;
  }
}
