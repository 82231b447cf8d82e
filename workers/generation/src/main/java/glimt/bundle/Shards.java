package glimt.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Safetensors.Tensor;
import glimt.json.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Weights that are split over several files. Published models describe the split in an index file,
 * {@code NAME.safetensors.index.json}, whose {@code weight_map} gives the file of each tensor.
 */
public final class Shards {
  private Shards() {}

  /**
   * Joins the files that an index lists.
   *
   * @param file the name of the index, for error messages
   * @param json the text of the index
   * @param shards opens a file by its name
   * @throws BundleException if the index is invalid or contradicts the files
   */
  public static Safetensors join(String file, String json, Function<String, Safetensors> shards) {
    Map<String, String> places = places(file, json);
    Map<String, Safetensors> opened = new LinkedHashMap<>();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    places.forEach(
        (name, shard) -> {
          Tensor tensor = opened.computeIfAbsent(shard, shards).tensors().get(name);
          if (tensor == null) {
            throw lie(
                file,
                "tensor %s should be in %s, but that file does not contain it"
                    .formatted(name, shard));
          }
          tensors.put(name, tensor);
        });
    opened.forEach(
        (shard, held) -> {
          for (String name : held.tensors().keySet()) {
            String place = places.get(name);
            if (place == null) {
              throw lie(
                  file,
                  "%s contains tensor %s, which the index does not list".formatted(shard, name));
            }
            if (!place.equals(shard)) {
              throw lie(
                  file,
                  "%s contains tensor %s, which the index places in %s"
                      .formatted(shard, name, place));
            }
          }
        });
    return new Safetensors(tensors);
  }

  /** The file of each tensor. */
  private static Map<String, String> places(String file, String json) {
    JsonNode map;
    try {
      map = Json.mapper().readTree(json).path("weight_map");
    } catch (JsonProcessingException broken) {
      throw new BundleException(
          file + " is not a shard index: " + broken.getOriginalMessage(), broken);
    }
    if (!map.isObject() || map.isEmpty()) {
      throw new BundleException(file + " is not a shard index: it has no weight_map");
    }
    Map<String, String> places = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      if (!entry.getValue().isTextual()) {
        throw lie(
            file,
            "the place of tensor %s must be a file name, not %s"
                .formatted(entry.getKey(), entry.getValue()));
      }
      places.put(entry.getKey(), entry.getValue().textValue());
    }
    return places;
  }

  private static BundleException lie(String file, String why) {
    return new BundleException(file + " contradicts its shards: " + why);
  }
}
