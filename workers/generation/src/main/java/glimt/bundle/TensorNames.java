package glimt.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Safetensors.Tensor;
import glimt.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a network's source calls the tensors of files that were published under other names: the
 * file {@code NETWORK.names.json} beside its weights, which stay as they are.
 *
 * <pre>{@code
 * {
 *   "down_blocks._0.conv.weight": "down_blocks.0.conv.weight",
 *   "proj_in.weight": {"tensor": "proj_in.weight", "shape": [0, -1]},
 *   "to_k.weight": {"tensor": "attn.in_proj_weight", "firstRow": 320, "rows": 320}
 * }
 * }</pre>
 *
 * @param origins by the tensor's path in the source
 */
public record TensorNames(Map<String, Origin> origins) {
  private static final String TENSOR = "tensor";
  private static final String FIRST_ROW = "firstRow";
  private static final String ROWS = "rows";
  private static final String SHAPE = "shape";

  public TensorNames {
    origins = Map.copyOf(origins);
  }

  /** Where the names of a network's tensors are, in a bundle and in its card. */
  public static String file(String network) {
    return network + ".names.json";
  }

  /**
   * Reads them; {@code file} names them in errors.
   *
   * @throws BundleException if they are not understood
   */
  static TensorNames parse(String file, String json) {
    Map<String, Origin> origins = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, JsonNode> entry : Json.mapper().readTree(json).properties()) {
        origins.put(entry.getKey(), origin(file, entry.getKey(), entry.getValue()));
      }
    } catch (JsonProcessingException broken) {
      throw new BundleException(file + " is not JSON: " + broken.getOriginalMessage(), broken);
    }
    return new TensorNames(origins);
  }

  private static Origin origin(String file, String path, JsonNode said) {
    if (said.isTextual()) {
      return Origin.of(said.textValue());
    }
    Set<String> unknown = new TreeSet<>();
    said.fieldNames().forEachRemaining(unknown::add);
    unknown.removeAll(Set.of(TENSOR, FIRST_ROW, ROWS, SHAPE));
    if (!said.path(TENSOR).isTextual() || !unknown.isEmpty()) {
      throw new BundleException("%s: %s is not the name of a tensor".formatted(file, said));
    }
    try {
      return new Origin(
          said.path(TENSOR).textValue(),
          said.path(FIRST_ROW).longValue(),
          said.path(ROWS).longValue(),
          said.has(SHAPE) ? shape(said.path(SHAPE)) : null);
    } catch (IllegalArgumentException wrong) {
      throw new BundleException("%s: %s: %s".formatted(file, path, wrong.getMessage()), wrong);
    }
  }

  private static List<Long> shape(JsonNode said) {
    return said.valueStream().map(JsonNode::longValue).toList();
  }

  /** As they are kept, a line for each tensor. */
  public String json() {
    StringBuilder lines = new StringBuilder("{");
    String between = "\n  ";
    for (Map.Entry<String, Origin> entry : new TreeMap<>(origins).entrySet()) {
      lines.append(between).append(Json.write(entry.getKey())).append(": ");
      lines.append(Json.write(said(entry.getValue())));
      between = ",\n  ";
    }
    return lines.append("\n}\n").toString();
  }

  private static Object said(Origin origin) {
    @Nullable List<Long> shape = origin.shape();
    if (origin.rows() == 0 && shape == null) {
      return origin.tensor();
    }
    ObjectNode said = Json.mapper().createObjectNode().put(TENSOR, origin.tensor());
    if (origin.rows() > 0) {
      said.put(FIRST_ROW, origin.firstRow()).put(ROWS, origin.rows());
    }
    if (shape != null) {
      said.set(SHAPE, Json.mapper().valueToTree(shape));
    }
    return said;
  }

  /**
   * The tensors by their paths in the source; their values stay where they are.
   *
   * @param file holds the published ones, for errors
   * @throws BundleException if one is missing, or has fewer rows or other values
   */
  public Safetensors of(String file, Safetensors published) {
    Map<String, Tensor> named = new LinkedHashMap<>();
    origins.forEach(
        (path, origin) -> {
          Tensor tensor = published.tensors().get(origin.tensor());
          if (tensor == null) {
            throw new BundleException(
                "%s holds no tensor %s, which the source calls %s"
                    .formatted(file, origin.tensor(), path));
          }
          try {
            named.put(path, origin.of(tensor));
          } catch (IllegalArgumentException wrong) {
            throw new BundleException("%s: %s".formatted(file, wrong.getMessage()), wrong);
          }
        });
    return new Safetensors(named);
  }
}
