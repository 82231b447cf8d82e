package glimt.published;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Network;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The recorded calls of single networks. */
final class NetworkChecks {
  /** What the field's argument names are to a glimt network. */
  private static final Map<String, List<String>> PORTS =
      Map.of(
          "sample", List.of("x"),
          "hidden_states", List.of("x", "latent"),
          "x", List.of("x", "image"),
          "timestep", List.of("noise"),
          "t", List.of("noise"),
          "input_ids", List.of("tokens"),
          "attention_mask", List.of("mask"),
          "z", List.of("latent"),
          "latents", List.of("latent"));

  private NetworkChecks() {}

  /** Runs every check of a case; returns a line for each that failed, or is not known. */
  static List<String> failures(GoldenCase golden, NDManager manager) {
    List<String> failures = new ArrayList<>();
    for (JsonNode check : golden.facts().path("checks")) {
      String name = check.path("name").textValue();
      try (NDManager scope = manager.newSubManager()) {
        failures.addAll(failures(golden, check, scope));
      } catch (RuntimeException broken) {
        failures.add("%s: %s".formatted(name, broken.getMessage()));
      }
    }
    return failures;
  }

  private static List<String> failures(GoldenCase golden, JsonNode check, NDManager scope) {
    List<String> failures = new ArrayList<>();
    String component = check.path("component").textValue();
    GoldenComponent published = GoldenComponent.of(golden, component);
    boolean cloud = published.isOfClouds();
    try (Network network = network(published, check)) {
      Map<String, NDArray> inputs = new LinkedHashMap<>();
      check
          .path("inputs")
          .properties()
          .forEach(
              entry -> {
                String port = port(network, entry.getKey());
                Tensor given = golden.expected().get(entry.getValue().textValue());
                NDArray array = fed(scope, port, given);
                if (cloud && given.shape().size() == 3) {
                  array = turned(array);
                }
                inputs.put(
                    port,
                    entry.getKey().equals("latents") ? unscaled(array, golden, check) : array);
              });
      TokenClips.lay(inputs, network.ports(), check.path("arguments"), scope);
      if (network.ports().contains("mask") && !inputs.containsKey("mask")) {
        inputs.put(
            "mask",
            Objects.requireNonNull(inputs.get("tokens")).onesLike()); // no mask is a mask of ones
      }
      if (network.ports().contains("embeddings") && !inputs.containsKey("embeddings")) {
        long rows = Objects.requireNonNull(inputs.get("noise")).size();
        inputs.put("embeddings", scope.zeros(golden.shapeOfNoImage(rows))); // no image is zeros
      }
      if (network.ports().contains("timestep_cond") && !inputs.containsKey("timestep_cond")) {
        long rows = Objects.requireNonNull(inputs.get("noise")).size();
        inputs.put("timestep_cond", scope.zeros(new Shape(rows, conditions(published)))); // none
      }
      NDList results = network.call(inputs);
      if (check.path("outputs").has("image")) {
        results = new NDList(results.getFirst().div(2).add(0.5f).clip(0, 1)); // as pictures are
      }
      for (Map.Entry<String, JsonNode> output : check.path("outputs").properties()) {
        NDArray result =
            results.size() == 1
                ? results.getFirst()
                : results.stream()
                    .filter(one -> output.getKey().equals(one.getName()))
                    .findFirst()
                    .orElseThrow(
                        () -> new IllegalStateException("it answers no " + output.getKey()));
        Tensor expected = golden.expected().get(output.getValue().path("tensor").textValue());
        NDArray theirs = cloud ? turned(result) : laidOut(result, expected.shape());
        double worst = worst(theirs, expected);
        double tolerance = output.getValue().path("tolerance_abs").doubleValue();
        if (!(worst <= tolerance)) {
          failures.add(
              "%s, %s: off by %s, allowed %s"
                  .formatted(check.path("name").textValue(), output.getKey(), worst, tolerance));
        }
      }
    }
    return failures;
  }

  /** How many values a vector beside the timestep has. */
  private static long conditions(GoldenComponent published) {
    return published.config().integer("time_cond_proj_dim", 0);
  }

  private static Network network(GoldenComponent component, JsonNode check) {
    return check.path("call").asText("").startsWith("block alone")
        ? component.module(
            check.path("name").textValue(), check.path("arguments").path("num_frames").asInt(1))
        : component.network(architecture(component.config(), check));
  }

  /** An autoencoder's part follows from what the check feeds it. */
  private static String architecture(PublishedConfig config, JsonNode check) {
    String name = config.className();
    if (!name.startsWith("Autoencoder")) {
      return name;
    }
    return name + (check.path("inputs").has("x") ? ".encode" : ".decode");
  }

  private static String port(Network network, String argument) {
    if (network.ports().contains(argument)) {
      return argument;
    }
    return PORTS.getOrDefault(argument, List.of()).stream()
        .filter(network.ports()::contains)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "nothing takes %s among %s".formatted(argument, network.ports())));
  }

  /** Clips are laid out frames before channels in glimt, and noise is a float. */
  private static NDArray fed(NDManager scope, String port, Tensor given) {
    NDArray array =
        given.dtype() == Safetensors.Dtype.I64
            ? scope.create(given.longs(), new Shape(given.dimensions()))
            : scope.create(given.floats(), new Shape(given.dimensions()));
    if (port.equals("noise")) {
      return array.toType(DataType.FLOAT32, false);
    }
    return given.shape().size() == 5 ? array.transpose(0, 2, 1, 3, 4) : array;
  }

  /** Clouds, and grids of features, are laid out channels last in glimt. */
  static NDArray turned(NDArray cloud) {
    return cloud.transpose(0, 2, 1);
  }

  /** Latents as the decoder takes them, of those that a denoiser works on. */
  private static NDArray unscaled(NDArray latents, GoldenCase golden, JsonNode check) {
    JsonNode config =
        GoldenCase.json(
            golden.folder().resolve(check.path("component").textValue()).resolve("config.json"));
    return latents
        .div(config.path("scaling_factor").asDouble(0.18215))
        .add(config.path("shift_factor").asDouble(0));
  }

  private static NDArray laidOut(NDArray result, List<Long> shape) {
    if (shape.size() == 3 && result.getShape().dimension() == 5) {
      return TokenClips.tokens(result);
    }
    return shape.size() == 5 ? result.transpose(0, 2, 1, 3, 4) : result;
  }

  static double worst(NDArray result, Tensor expected) {
    if (!result.getShape().equals(new Shape(expected.dimensions()))) {
      throw new IllegalStateException(
          "it answers %s, not %s".formatted(result.getShape(), expected.shape()));
    }
    float[] ours = result.toFloatArray();
    float[] theirs = expected.floats();
    double worst = 0;
    for (int i = 0; i < ours.length; i++) {
      double off = Math.abs((double) ours[i] - theirs[i]);
      worst = Double.isNaN(off) ? Double.NaN : Math.max(worst, off);
    }
    return worst;
  }

  static boolean there(GoldenCase golden) {
    return Files.exists(golden.folder()) && Engine.getInstance() != null;
  }
}
