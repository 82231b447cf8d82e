package glimt.published;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Safetensors;
import glimt.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A tiny checkpoint with recorded numbers: a folder as its family is published, beside it {@code
 * case.json} and {@code expected.safetensors}.
 */
record GoldenCase(Path folder, JsonNode facts, Safetensors expected) {
  static GoldenCase of(Path folder) {
    return new GoldenCase(
        folder,
        json(folder.resolve("case.json")),
        Files.exists(folder.resolve("expected.safetensors"))
            ? Safetensors.map(folder.resolve("expected.safetensors"))
            : new Safetensors(java.util.Map.of()));
  }

  /** Every case below a folder, by name. */
  static List<GoldenCase> below(Path root) {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.getFileName().toString().equals("case.json"))
          .sorted()
          .map(file -> of(java.util.Objects.requireNonNull(file.getParent())))
          .toList();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  static JsonNode json(Path file) {
    try {
      return Json.mapper().readTree(Files.readString(file));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** CLIP's grid for no image, [rows, places, features]. */
  Shape shapeOfNoImage(long rows) {
    JsonNode clip = facts.path("clip_dimensions");
    long size = clip.path("grid_size").longValue();
    return new Shape(rows, size * size, clip.path("grid_feature_dim").longValue());
  }

  String name() {
    return facts.path("case").asText(folder.toString());
  }
}
