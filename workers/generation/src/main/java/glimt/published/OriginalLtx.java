package glimt.published;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Origin;
import glimt.json.Json;
import java.util.HashMap;
import java.util.Map;

/** The transformer of LTX-Video as its authors name it (HaCohen et al. 2024, arXiv:2501.00103). */
final class OriginalLtx {
  /** How many heads all of them have. */
  private static final int HEADS = 32;

  /** Of the published ones, with 2 and 13 billion parameters. */
  private static final int HEAD = 64;

  private final OriginalTensors file;

  OriginalLtx(OriginalTensors file) {
    this.file = file;
  }

  /** Where its tensors are in the file, by their names in diffusers. */
  Map<String, Origin> origins() {
    Map<String, Origin> origins = new HashMap<>();
    for (String name : file.tensors().keySet()) {
      String published =
          name.replaceFirst("^patchify_proj\\.", "proj_in.")
              .replaceFirst("^adaln_single\\.", "time_embed.")
              .replace(".q_norm.", ".norm_q.")
              .replace(".k_norm.", ".norm_k.");
      origins.put(published, Origin.of(file.prefix() + name));
    }
    return origins;
  }

  /**
   * Its configuration.
   *
   * @throws glimt.bundle.BundleException naming a size that the published models do not have
   */
  ObjectNode config() {
    long width = file.shape("patchify_proj.weight").getFirst();
    file.mustDivide("the width of the transformer", width, HEADS * HEAD);
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "LTXVideoTransformer3DModel");
    config.put("in_channels", file.shape("patchify_proj.weight").get(1));
    config.put("out_channels", file.shape("proj_out.weight").getFirst());
    config.put("num_attention_heads", HEADS);
    config.put("attention_head_dim", width / HEADS);
    config.put("cross_attention_dim", width);
    config.put("caption_channels", file.shape("caption_projection.linear_1.weight").get(1));
    config.put("num_layers", file.count("transformer_blocks."));
    return config;
  }
}
