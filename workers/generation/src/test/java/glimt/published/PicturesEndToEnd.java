package glimt.published;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.Precision;
import glimt.diffusion.Draw;
import glimt.diffusion.Observer;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.diffusers.PublishedWalk;
import glimt.model.ClassNames;
import glimt.model.Codec;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.LevelDenoiser;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Prompted;
import glimt.pipeline.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/**
 * A pipeline of pictures that no text steers: of one kind, or of classes. Each picture of a
 * recorded batch is a job of its own here, from the recorded noise, with the imported bundle.
 */
final class PicturesEndToEnd implements EndToEnd {
  private static final Map<String, List<String>> NAMES =
      Map.of(Network.X, List.of("sample", "hidden_states"), Network.NOISE, List.of("timestep"));

  @Override
  public Map<String, NDArray> run(GoldenCase golden, NDManager manager)
      throws InterruptedException {
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    try (networks;
        BundleImport imported =
            BundleImport.of(
                golden.folder(),
                Files.createTempDirectory("glimt-models"),
                ImportOptions.asPublished())) {
      return new Run(golden, imported.bundle(), networks, manager).made();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private record Run(GoldenCase golden, Bundle bundle, NetworkCache networks, NDManager manager) {
    Map<String, NDArray> made() throws InterruptedException {
      Map<String, List<NDArray>> given = new LinkedHashMap<>();
      Map<String, List<NDArray>> withheld = new LinkedHashMap<>();
      boolean alone = golden.expected().tensors().containsKey("in.noise.0");
      NDArray starts = EndToEnd.given(golden, manager, alone ? "in.noise.0" : "in.latents");
      for (int row = 0; row < starts.getShape().get(0); row++) {
        picture(starts, row, given, withheld);
      }
      Map<String, NDArray> made = new LinkedHashMap<>();
      given.forEach(
          (name, rows) -> {
            NDArray conditional = joined(rows);
            List<NDArray> others = withheld.get(name);
            made.put(name, others == null ? conditional : conditional.concat(joined(others), 0));
          });
      Set<String> recorded = new java.util.HashSet<>();
      golden
          .facts()
          .path("end_to_end")
          .path("outputs")
          .fieldNames()
          .forEachRemaining(recorded::add);
      made.keySet().retainAll(recorded);
      return made;
    }

    private static NDArray joined(List<NDArray> rows) {
      NDArray first = rows.getFirst();
      return first.getShape().dimension() == 0
          ? first
          : ai.djl.ndarray.NDArrays.concat(new NDList(rows.toArray(NDArray[]::new)));
    }

    private void picture(
        NDArray starts,
        int row,
        Map<String, List<NDArray>> given,
        Map<String, List<NDArray>> withheld)
        throws InterruptedException {
      JsonNode call = golden.facts().path("end_to_end").path("call");
      Level level = bundle.card().levels().getFirst();
      Sampling usual = level.sampling();
      Sampling sampling =
          new Sampling(
              Sampling.PUBLISHED,
              call.path("num_inference_steps").asInt(usual.steps()),
              GuidanceRule.of(call.path("guidance_scale").asDouble(usual.guidance().weight())),
              usual.schedule());
      RecordedNetwork network =
          new RecordedNetwork(networks.network(bundle, level.network()), manager);
      NDArray sample =
          walked(
              new LevelDenoiser(network, level.parametrisation(), sampling),
              level,
              call,
              starts,
              row);
      for (int i = 0; i < network.calls().size(); i++) {
        String before = "network_call.%s.".formatted(i);
        network
            .calls()
            .get(i)
            .forEach(
                (port, array) -> {
                  NDList halves = sampling.guided() ? array.split(2) : new NDList(array);
                  for (String name : NAMES.getOrDefault(port, List.of(port))) {
                    boolean flat = port.equals("class_labels");
                    boolean time = port.equals(Network.NOISE) && !sampling.guided();
                    List<NDArray> parts =
                        halves.stream()
                            .map(
                                half ->
                                    flat
                                        ? half.flatten().toType(DataType.FLOAT32, true)
                                        : time ? half.get(0) : half)
                            .toList();
                    add(given, before + name, parts.get(0));
                    if (parts.size() > 1) {
                      add(withheld, before + name, parts.get(1));
                    }
                  }
                });
      }
      Codec codec = level.codec();
      NDArray seen = codec == null ? sample : decoded(level, codec, sample, given);
      add(given, "image", seen.div(2).add(0.5).clip(0, 1));
    }

    private static void add(Map<String, List<NDArray>> made, String name, NDArray row) {
      made.computeIfAbsent(name, _ -> new ArrayList<>()).add(row);
    }

    private NDArray walked(
        LevelDenoiser denoiser, Level level, JsonNode call, NDArray starts, int row)
        throws InterruptedException {
      Map<Port, Function<NDManager, NDArray>> prompt = new LinkedHashMap<>();
      Map<Port, Function<NDManager, NDArray>> none = new LinkedHashMap<>();
      for (Port port : level.ports()) {
        ClassNames classes = (ClassNames) bundle.card().reader();
        String label = call.path("class_labels").path(row).asText();
        prompt.put(port, TokenIds.of(classes, label)::ids);
        none.put(port, TokenIds.of(classes, "")::ids);
      }
      Draw recorded =
          (like, step, _) ->
              EndToEnd.given(golden, like.getManager(), "in.noise." + (step + 1))
                  .get("%s:%s".formatted(row, row + 1));
      WalkRecipe recipe = recipe(denoiser.sampling(), call);
      Trajectory walk =
          new Trajectory(
              recipe.sampler(),
              denoiser.guided(
                  new Prompted(prompt, none)
                      .conditions(
                          manager,
                          level,
                          denoiser.sampling(),
                          () -> {
                            throw new IllegalStateException("there is no level below");
                          })),
              recorded);
      NDArray start = recipe.begin(starts.get("%s:%s".formatted(row, row + 1)));
      NDArray end =
          recipe.leave(
              walk.on(walk.at(recipe.levels(), start, golden.name()), Observer.NOBODY).x());
      end.attach(manager);
      return end;
    }

    /** With the pipeline's further arguments of its scheduler's steps. */
    private static WalkRecipe recipe(Sampling sampling, JsonNode call) {
      Map<String, Object> asked = new LinkedHashMap<>();
      asked.put("num_inference_steps", sampling.steps());
      if (call.has("eta")) {
        asked.put("eta", call.path("eta").doubleValue());
      }
      if (call.path("use_clipped_model_output").isBoolean()) {
        asked.put("use_clipped_model_output", call.path("use_clipped_model_output").booleanValue());
      }
      return PublishedWalk.of(((Schedule.Published) sampling.schedule()).settings())
          .inSinglePrecision()
          .walk(asked);
    }

    private NDArray decoded(
        Level level, Codec codec, NDArray latents, Map<String, List<NDArray>> given) {
      RecordedNetwork network =
          new RecordedNetwork(networks.network(bundle, codec.network()), manager);
      Mosaic latent = Mosaic.of(level);
      long[] shape = latent.shape(latent.whole());
      new LatentDecoder(codec, network)
          .decoded(manager, latents.toFloatArray(), shape, latent.valuesPerChannel(shape));
      Map<String, NDArray> only = network.calls().getFirst();
      add(given, "vae_decode.0.z", Objects.requireNonNull(only.get(LatentDecoder.INPUT)));
      NDArray seen = Objects.requireNonNull(only.get(RecordedNetwork.RESULT));
      add(given, "vae_decode.0.result", seen);
      return seen;
    }
  }
}
