package glimt.published;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Origin;
import glimt.json.Json;
import glimt.published.FilePart.PartKind;
import java.util.HashMap;
import java.util.Map;

/**
 * T5's encoder (Raffel et al. 2020) or UMT5's in a file of its own: as transformers names it, or as
 * Wan's authors do.
 */
final class OriginalT5 {
  private static final String HEADS =
      "encoder.block.%s.layer.0.SelfAttention.relative_attention_bias.weight";

  private final OriginalTensors file;
  private final Map<String, Origin> origins = new HashMap<>();

  OriginalT5(FilePart part) {
    // What transformers keeps twice, a vocabulary as ComfyUI packs it, and the marks of formats.
    file = part.tensors().without("spiece_model|scaled_fp8|logit_scale");
    if (part.kind() == PartKind.WAN_T5) {
      wan();
    } else {
      file.tensors().keySet().forEach(name -> origins.put(name, Origin.of(file.prefix() + name)));
    }
  }

  private void wan() {
    Map<String, String> places = new HashMap<>();
    places.put("token_embedding", "shared");
    places.put("norm", "encoder.final_layer_norm");
    for (int i = 0; i < file.count("blocks."); i++) {
      String from = "blocks.%s.".formatted(i);
      String to = "encoder.block.%s.layer.".formatted(i);
      for (String matrix : new String[] {"q", "k", "v", "o"}) {
        places.put(from + "attn." + matrix, to + "0.SelfAttention." + matrix);
      }
      places.put(from + "norm1", to + "0.layer_norm");
      places.put(from + "pos_embedding.embedding", to + "0.SelfAttention.relative_attention_bias");
      places.put(from + "norm2", to + "1.layer_norm");
      places.put(from + "ffn.gate.0", to + "1.DenseReluDense.wi_0");
      places.put(from + "ffn.fc1", to + "1.DenseReluDense.wi_1");
      places.put(from + "ffn.fc2", to + "1.DenseReluDense.wo");
    }
    origins.putAll(file.origins(places));
  }

  /** Where its tensors are in the file, by their names in transformers. */
  Map<String, Origin> origins() {
    return origins;
  }

  /** Whether every block has distances of its own, as UMT5's do. */
  boolean ownDistances() {
    return origins.containsKey(HEADS.formatted(1));
  }

  /** Its class. */
  String className() {
    return ownDistances() ? "UMT5EncoderModel" : "T5EncoderModel";
  }

  /** Its configuration. */
  ObjectNode config() {
    int layers = 0;
    while (origins.containsKey(
        "encoder.block.%s.layer.0.SelfAttention.q.weight".formatted(layers))) {
      layers++;
    }
    long heads = extent(HEADS.formatted(0), 1);
    boolean gated = origins.containsKey("encoder.block.0.layer.1.DenseReluDense.wi_0.weight");
    String inner =
        "encoder.block.0.layer.1.DenseReluDense.%s.weight".formatted(gated ? "wi_0" : "wi");
    ObjectNode config = Json.mapper().createObjectNode();
    config.putArray("architectures").add(className());
    config.put("num_layers", layers);
    config.put("num_heads", heads);
    config.put("d_kv", extent("encoder.block.0.layer.0.SelfAttention.q.weight", 0) / heads);
    config.put("d_model", extent("encoder.final_layer_norm.weight", 0));
    config.put("d_ff", extent(inner, 0));
    config.put("relative_attention_num_buckets", extent(HEADS.formatted(0), 0));
    config.put("relative_attention_max_distance", 128);
    config.put("feed_forward_proj", gated ? "gated-gelu" : "relu");
    config.put("layer_norm_epsilon", 1e-6);
    return config;
  }

  private long extent(String published, int axis) {
    Origin origin = origins.get(published);
    String name = origin == null ? published : origin.tensor().substring(file.prefix().length());
    return file.shape(name).get(axis);
  }
}
