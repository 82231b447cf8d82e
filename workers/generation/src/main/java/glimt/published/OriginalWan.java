package glimt.published;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Origin;
import glimt.json.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The transformer of Wan 2.1 as its authors name it (Wan Team 2025, arXiv:2503.20314). */
final class OriginalWan {
  /** Each head's size in all of Wan's. */
  private static final int HEAD = 128;

  private final OriginalTensors file;

  OriginalWan(OriginalTensors file) {
    this.file = file;
  }

  /** Where its tensors are in the file, by their names in diffusers. */
  Map<String, Origin> origins() {
    Map<String, Origin> origins = new HashMap<>();
    file.tensors()
        .keySet()
        .forEach(
            name -> origins.put(WanNames.published(file, name), Origin.of(file.prefix() + name)));
    return origins;
  }

  /**
   * Its configuration.
   *
   * @throws glimt.bundle.BundleException naming a size that the published models do not have
   */
  ObjectNode config() {
    List<Long> patches = file.shape("patch_embedding.weight");
    long width = patches.getFirst();
    file.mustDivide("the width of the transformer", width, HEAD);
    List<Long> patch = patches.subList(2, patches.size());
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "WanTransformer3DModel");
    patch.forEach(config.putArray("patch_size")::add);
    config.put("num_attention_heads", width / HEAD);
    config.put("attention_head_dim", HEAD);
    config.put("in_channels", patches.get(1));
    config.put(
        "out_channels",
        file.shape("head.head.weight").getFirst() / patch.stream().reduce(1L, Math::multiplyExact));
    config.put("text_dim", file.shape("text_embedding.0.weight").get(1));
    config.put("freq_dim", file.shape("time_embedding.0.weight").get(1));
    config.put("ffn_dim", file.shape("blocks.0.ffn.0.weight").getFirst());
    config.put("num_layers", file.count("blocks."));
    config.put("cross_attn_norm", file.has("blocks.0.norm3.weight"));
    if (file.has("img_emb.proj.0.weight")) {
      config.put("image_dim", file.shape("img_emb.proj.0.weight").getFirst());
      config.put("added_kv_proj_dim", width);
    }
    return config;
  }
}
