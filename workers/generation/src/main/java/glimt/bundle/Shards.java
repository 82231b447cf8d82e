package glimt.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Safetensors.Tensor;
import glimt.json.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Weights in several files, joined by the index that published models keep beside them, {@code
 * NAME.safetensors.index.json}: its {@code weight_map} says for each tensor which file holds it.
 */
public final class Shards {
  private Shards() {}

  /**
   * Joins the files an index names.
   *
   * @param file the index, for errors
   * @param json its text
   * @param shards opens a file by its name
   * @throws BundleException if index and files contradict each other
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
                file, "tensor %s should be in %s, which does not hold it".formatted(name, shard));
          }
          tensors.put(name, tensor);
        });
    opened.forEach(
        (shard, held) -> {
          for (String name : held.tensors().keySet()) {
            String place = places.get(name);
            if (place == null) {
              throw lie(
                  file, "%s holds tensor %s, which the index does not name".formatted(shard, name));
            }
            if (!place.equals(shard)) {
              throw lie(
                  file,
                  "%s holds tensor %s, which should be in %s alone".formatted(shard, name, place));
            }
          }
        });
    return new Safetensors(tensors);
  }

  /** Which file holds each tensor. */
  private static Map<String, String> places(String file, String json) {
    JsonNode map;
    try {
      map = Json.mapper().readTree(json).path("weight_map");
    } catch (JsonProcessingException broken) {
      throw new BundleException(
          file + " is no index of shards: " + broken.getOriginalMessage(), broken);
    }
    if (!map.isObject() || map.isEmpty()) {
      throw new BundleException(file + " is no index of shards: it has no weight_map");
    }
    Map<String, String> places = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      if (!entry.getValue().isTextual()) {
        throw lie(
            file, "tensor %s is in no file but %s".formatted(entry.getKey(), entry.getValue()));
      }
      places.put(entry.getKey(), entry.getValue().textValue());
    }
    return places;
  }

  private static BundleException lie(String file, String why) {
    return new BundleException(file + " contradicts its shards: " + why);
  }
}
