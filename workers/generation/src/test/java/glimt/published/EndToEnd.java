package glimt.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The recorded run of a whole pipeline. */
@FunctionalInterface
interface EndToEnd {
  /** By the classes of pipelines. */
  Map<String, EndToEnd> PIPELINES =
      Map.ofEntries(
          Map.entry("DDIMPipeline", new PicturesEndToEnd()),
          Map.entry("DDPMPipeline", new PicturesEndToEnd()),
          Map.entry("DiTPipeline", new PicturesEndToEnd()),
          Map.entry("IFPipeline + IFSuperResolutionPipeline", new CascadeEndToEnd()),
          Map.entry("LatentConsistencyModelPipeline", new LatentsEndToEnd()),
          Map.entry("LTXConditionPipeline + LTXLatentUpsamplePipeline", new LtxTwoStages()),
          Map.entry("LTXPipeline", new LatentsEndToEnd()),
          Map.entry("PointCloudSampler", new PointEEndToEnd()),
          Map.entry("StableDiffusionPipeline", new LatentsEndToEnd()),
          Map.entry(StableDiffusionXl.PICTURES, new LatentsEndToEnd()),
          Map.entry("StableDiffusionXLPipeline", new LatentsEndToEnd()),
          Map.entry("TextToVideoSDPipeline", new LatentsEndToEnd()),
          Map.entry("WanPipeline", new LatentsEndToEnd()));

  /**
   * Runs the pipeline on a case.
   *
   * @return what it made, by the names under which the case records it, laid out as recorded
   * @throws InterruptedException if the thread is interrupted
   */
  Map<String, NDArray> run(GoldenCase golden, NDManager manager) throws InterruptedException;

  /** Lines on what differs from the recording, the first to be made first. */
  static List<String> failures(GoldenCase golden, NDManager manager) {
    JsonNode recorded = golden.facts().path("end_to_end");
    if (recorded.isMissingNode()) {
      return List.of();
    }
    EndToEnd pipeline = PIPELINES.get(recorded.path("class").textValue());
    if (pipeline == null) {
      return List.of("end to end: nothing runs a " + recorded.path("class").textValue());
    }
    try (NDManager scope = manager.newSubManager()) {
      return compared(golden, pipeline.run(golden, scope));
    } catch (RuntimeException broken) {
      return List.of("end to end: " + broken);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return List.of("end to end: stopped");
    }
  }

  /** Lines on what differs of what was made. */
  static List<String> compared(GoldenCase golden, Map<String, NDArray> made) {
    JsonNode outputs = golden.facts().path("end_to_end").path("outputs");
    Set<String> unknown = new java.util.TreeSet<>(made.keySet());
    Map<String, String> lines = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> output : outputs.properties()) {
      String name = output.getKey();
      NDArray ours = made.get(name);
      unknown.remove(name);
      Tensor theirs = golden.expected().get(output.getValue().path("tensor").textValue());
      double tolerance = output.getValue().path("tolerance_abs").doubleValue();
      double worst = ours == null ? Double.NaN : NetworkChecks.worst(ours, theirs);
      if (!(worst <= tolerance)) {
        lines.put(
            name,
            ours == null
                ? "end to end: it does not make " + name
                : "end to end, %s: off by %s, allowed %s".formatted(name, worst, tolerance));
      }
    }
    return Stream.concat(
            lines.values().stream(),
            unknown.stream().map(name -> "end to end: %s was not recorded".formatted(name)))
        .toList();
  }

  /** A new folder for bundles. */
  static Path folder() {
    try {
      return Files.createTempDirectory("glimt-models");
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** A recorded tensor. */
  static NDArray given(GoldenCase golden, NDManager manager, String name) {
    Tensor tensor = golden.expected().get(name);
    Shape shape = new Shape(tensor.dimensions());
    return tensor.dtype() == Dtype.I64
        ? manager.create(tensor.longs(), shape)
        : manager.create(tensor.floats(), shape);
  }
}
