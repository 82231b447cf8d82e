package glimt.published;

import glimt.bundle.BundleException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Wan's authors call the modules of diffusers' {@code WanTransformer3DModel}, and back. */
final class WanNames {
  /** Pairs of ends: the authors', then diffusers'. */
  private static final List<Map.Entry<String, String>> OUTSIDE =
      List.of(
          Map.entry("patch_embedding", "patch_embedding"),
          Map.entry("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
          Map.entry("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
          Map.entry("time_projection.1", "condition_embedder.time_proj"),
          Map.entry("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
          Map.entry("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
          Map.entry("img_emb.proj.0", "condition_embedder.image_embedder.norm1"),
          Map.entry("img_emb.proj.1", "condition_embedder.image_embedder.ff.net.0.proj"),
          Map.entry("img_emb.proj.3", "condition_embedder.image_embedder.ff.net.2"),
          Map.entry("img_emb.proj.4", "condition_embedder.image_embedder.norm2"),
          Map.entry("img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed"),
          Map.entry("head.head", "proj_out"),
          Map.entry("head.modulation", "scale_shift_table"));

  private static final List<Map.Entry<String, String>> IN_BLOCKS =
      List.of(
          Map.entry("self_attn.q", "attn1.to_q"),
          Map.entry("self_attn.k", "attn1.to_k"),
          Map.entry("self_attn.v", "attn1.to_v"),
          Map.entry("self_attn.o", "attn1.to_out.0"),
          Map.entry("self_attn.norm_q", "attn1.norm_q"),
          Map.entry("self_attn.norm_k", "attn1.norm_k"),
          Map.entry("cross_attn.q", "attn2.to_q"),
          Map.entry("cross_attn.k", "attn2.to_k"),
          Map.entry("cross_attn.v", "attn2.to_v"),
          Map.entry("cross_attn.o", "attn2.to_out.0"),
          Map.entry("cross_attn.norm_q", "attn2.norm_q"),
          Map.entry("cross_attn.norm_k", "attn2.norm_k"),
          Map.entry("cross_attn.k_img", "attn2.add_k_proj"),
          Map.entry("cross_attn.v_img", "attn2.add_v_proj"),
          Map.entry("cross_attn.norm_k_img", "attn2.norm_added_k"),
          Map.entry("norm3", "norm2"), // the one that has weights
          Map.entry("ffn.0", "ffn.net.0.proj"),
          Map.entry("ffn.2", "ffn.net.2"),
          Map.entry("modulation", "scale_shift_table"));

  private static final Pattern BLOCK = Pattern.compile("(blocks\\.\\d+\\.)(.*)");
  private static final Pattern TENSOR = Pattern.compile("(.*?)(\\.(?:weight|bias))?");

  private WanNames() {}

  /**
   * What diffusers calls a tensor of the authors'.
   *
   * @throws BundleException if there is none of that name
   */
  static String published(OriginalTensors file, String tensor) {
    return renamed(tensor, false)
        .orElseThrow(
            () ->
                file.refused(
                    "tensor %s%s is none of a transformer that makes clips of text"
                        .formatted(file.prefix(), tensor)));
  }

  /** What the authors call a module of diffusers'; its own name where it is none of theirs. */
  static String original(String module) {
    return renamed(module, true).orElse(module);
  }

  private static java.util.Optional<String> renamed(String name, boolean back) {
    Matcher tensor = TENSOR.matcher(name);
    if (!tensor.matches()) {
      return java.util.Optional.empty();
    }
    String end = tensor.group(2) == null ? "" : tensor.group(2);
    Matcher block = BLOCK.matcher(tensor.group(1));
    boolean inside = block.matches();
    String wanted = inside ? block.group(2) : tensor.group(1);
    return (inside ? IN_BLOCKS : OUTSIDE)
        .stream()
            .filter(pair -> (back ? pair.getValue() : pair.getKey()).equals(wanted))
            .findFirst()
            .map(
                pair ->
                    (inside ? block.group(1) : "")
                        + (back ? pair.getKey() : pair.getValue())
                        + end);
  }
}
