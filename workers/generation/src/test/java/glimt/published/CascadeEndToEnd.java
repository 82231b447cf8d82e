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
import glimt.diffusion.Draw;
import glimt.diffusion.Observer;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.image.PictureModality;
import glimt.model.Encoder;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Port.PortSource;
import glimt.model.Sampling;
import glimt.pipeline.Below;
import glimt.pipeline.Cascade;
import glimt.pipeline.LevelDenoiser;
import glimt.pipeline.LevelWalk;
import glimt.pipeline.PromptEncoder;
import glimt.pipeline.Prompted;
import glimt.pipeline.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** DeepFloyd IF's two stages as one imported bundle, from the recorded noise. */
final class CascadeEndToEnd implements EndToEnd {

  @Override
  public Map<String, NDArray> run(GoldenCase golden, NDManager manager)
      throws InterruptedException {
    List<Path> stages =
        List.of(golden.folder().resolve("stage1"), golden.folder().resolve("stage2"));
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    try (networks;
        BundleImport imported =
            BundleImport.of(
                stages, Files.createTempDirectory("glimt-models"), ImportOptions.asPublished())) {
      return new Run(golden, imported.bundle(), networks, manager).made();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** One run, and what it made. */
  private static final class Run {
    private final GoldenCase golden;
    private final JsonNode call;
    private final Bundle bundle;
    private final NetworkCache networks;
    private final NDManager manager;
    private final Map<String, NDArray> texts = new LinkedHashMap<>();
    private final Map<String, NDArray> made = new LinkedHashMap<>();
    private int drawn;
    private int steps;

    Run(GoldenCase golden, Bundle bundle, NetworkCache networks, NDManager manager) {
      this.golden = golden;
      this.call = golden.facts().path("end_to_end").path("call");
      this.bundle = bundle;
      this.networks = networks;
      this.manager = manager;
    }

    Map<String, NDArray> made() throws InterruptedException {
      Encoder text = bundle.card().encoders().getFirst();
      for (String prompt : List.of("prompt", "negative_prompt")) {
        texts.put(prompt, encoded(text, call.path(prompt).asText()));
        made.put(prompt + "_embeds", texts.get(prompt));
      }
      Level below = null;
      NDArray picture = null;
      for (int i = 0; i < bundle.card().levels().size(); i++) {
        int size = call.path("sizes").path(i).intValue();
        Level usual = bundle.card().levels().get(i).sized(List.of(size, size));
        Level level =
            below == null ? usual : LevelWalk.noised(usual, call.path("noise_level").asInt(250));
        Cascade.Inherited inherited =
            below == null
                ? null
                : Cascade.Inherited.of(below, Objects.requireNonNull(picture).toFloatArray());
        picture = walked(i, level, inherited);
        made.put("stage%s_image".formatted(i + 1), picture);
        below = level;
      }
      return made;
    }

    private NDArray encoded(Encoder encoder, String prompt) {
      try (Tokenizer tokenizer = bundle.tokenizer(encoder.reader())) {
        Tokenizer.Tokens tokens = tokenizer.read(prompt);
        return Objects.requireNonNull(
            new PromptEncoder(encoder, networks.network(bundle, encoder.network()))
                .encoded(manager, new TokenIds(tokens.ids(), tokens.read()))
                .get(encoder.outputs().getFirst()));
      }
    }

    private NDArray draw() {
      return EndToEnd.given(golden, manager, "in.noise." + drawn++);
    }

    /** The level below as the network sees it, with the recorded noise. */
    private NDArray seen(Level level, Cascade.Inherited inherited) {
      Below below =
          new PictureModality()
              .below(inherited.sample(), inherited.level(), level, level.segments().getFirst());
      return manager
          .create(below.seen(), new Shape(1).addAll(new Shape(below.shape())))
          .add(draw().mul(level.belowNoise()));
    }

    private NDArray walked(int stage, Level level, Cascade.@Nullable Inherited inherited)
        throws InterruptedException {
      Sampling sampling =
          new Sampling(
              Sampling.PUBLISHED,
              call.path("steps").path(stage).intValue(),
              GuidanceRule.of(call.path("guidance").path(stage).doubleValue()),
              level.sampling().schedule());
      Map<Port, Function<NDManager, NDArray>> given = new LinkedHashMap<>();
      Map<Port, Function<NDManager, NDArray>> withheld = new LinkedHashMap<>();
      for (Port port : level.ports()) {
        if (port.feed() == PortSource.ENCODER) {
          given.put(port, _ -> texts.get("prompt"));
          withheld.put(port, _ -> texts.get("negative_prompt"));
        }
      }
      NDArray start = draw();
      LevelDenoiser.Conditioning conditions =
          new Prompted(given, withheld)
              .conditions(
                  manager, level, sampling, () -> seen(level, Objects.requireNonNull(inherited)));
      RecordedNetwork network =
          new RecordedNetwork(networks.network(bundle, level.network()), manager);
      WalkRecipe recipe = LevelWalk.of(level.parametrisation(), sampling);
      Draw recorded = (_, _, _) -> draw();
      Trajectory walk =
          new Trajectory(
              recipe.sampler(),
              new LevelDenoiser(network, level.parametrisation(), sampling).guided(conditions),
              recorded);
      Observer observer =
          new Observer() {
            @Override
            public boolean between(Waypoint here) {
              after(recipe.frame().leave(here.x(), here.sigma()));
              return true;
            }
          };
      NDArray end =
          recipe.leave(
              walk.on(walk.at(recipe.levels(), recipe.begin(start), golden.name()), observer).x());
      after(end);
      for (int i = 0; i < network.calls().size(); i++) {
        called("stage%s_call.%s.".formatted(stage + 1, i), network.calls().get(i), level);
      }
      return end;
    }

    private void after(NDArray latents) {
      latents.attach(manager);
      made.put("latents_after." + steps++, latents);
    }

    /** A guided batch is conditional first here, and last where it is recorded. */
    private void called(String before, Map<String, NDArray> call, Level level) {
      NDArray x = Objects.requireNonNull(call.get(Network.X));
      NDArray low = call.get("low_res");
      double share = Preconditioning.signal(level.belowNoise());
      made.put(before + "sample", turned(low == null ? x : x.concat(low.mul(share), 1)));
      made.put(before + "timestep", Objects.requireNonNull(call.get(Network.NOISE)).get(0));
      made.put(before + "result", turned(Objects.requireNonNull(call.get(RecordedNetwork.RESULT))));
      NDArray labels = call.get("class_labels");
      if (labels != null && before.endsWith("call.0.")) { // recorded once, as it stays the same
        made.put(before + "class_labels", labels);
      }
    }

    private static NDArray turned(NDArray batch) {
      NDList halves = batch.split(2);
      return halves.get(1).concat(halves.get(0), 0);
    }
  }
}
