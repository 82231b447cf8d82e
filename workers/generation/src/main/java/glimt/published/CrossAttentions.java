package glimt.published;

import java.util.Collections;
import java.util.List;

/** Writes how a U-Net's pictures look at a text. */
final class CrossAttentions {
  /** The group norm of a transformer, whatever the configuration says of the others. */
  private static final double TRANSFORMER_EPS = 1e-6;

  /** What attentions without a setting of their own add to a variance. */
  private static final double EPS = 1e-5;

  /** Groups of the norm over a text. */
  private static final int TEXT_GROUPS = 32;

  private final SourceWriter writer;
  private final int groups;

  CrossAttentions(SourceWriter writer, int groups) {
    this.writer = writer;
    this.groups = groups;
  }

  /**
   * A transformer over the places of a picture (Rombach et al. 2022).
   *
   * @param depth how many layers it has
   * @param onlyCross whether its first attention looks at the text too
   */
  String transformer(int depth, int heads, boolean onlyCross) {
    SourceWriter.Module transformer =
        writer
            .module("Transformer2d", "")
            .has("norm", "GroupNorm")
            .has("proj_in", "Linear")
            .hasList("transformer_blocks", Collections.nCopies(depth, "BasicTransformerBlock"))
            .has("proj_out", "Linear")
            .does(
                "h = as_tokens(self.norm.forward(z, %s, %s))",
                groups, SourceWriter.number(TRANSFORMER_EPS))
            .does("h = self.proj_in.forward(h)");
    for (int i = 0; i < depth; i++) {
      transformer.does(
          "h = self.transformer_blocks._%s.forward(h, text, %s, %s)",
          i, heads, SourceWriter.truth(onlyCross));
    }
    return transformer
        .does("return z + as_picture(self.proj_out.forward(h), z)")
        .forward("z: Tensor, text: Tensor", "Tensor");
  }

  /**
   * One attention over the tokens of the text and, behind them, the places of the picture (Imagen,
   * Saharia et al. 2022).
   *
   * @param onlyCross whether it leaves the places out
   * @param textNorm {@code layer_norm} or {@code group_norm} of the text; empty for none
   */
  String simple(int heads, boolean onlyCross, String textNorm) {
    SourceWriter.Module attention =
        writer
            .module("SimpleCrossAttention", "")
            .has("group_norm", "GroupNorm")
            .has("to_q", "Linear")
            .has("add_k_proj", "Linear")
            .has("add_v_proj", "Linear")
            .hasList("to_out", List.of("Linear"))
            .does(
                "h = as_tokens(self.group_norm.forward(z, %s, %s))",
                groups, SourceWriter.number(EPS));
    switch (textNorm) {
      case "layer_norm" ->
          attention
              .has("norm_cross", "LayerNorm")
              .does("text = self.norm_cross.forward(text, %s)", SourceWriter.number(EPS));
      case "group_norm" ->
          attention
              .has("norm_cross", "GroupNorm")
              .does(
                  "text = self.norm_cross.forward(torch.transpose(text, 1, 2), %s, %s)",
                  TEXT_GROUPS, SourceWriter.number(EPS))
              .does("text = torch.transpose(text, 1, 2)");
      default -> {}
    }
    attention.does("k = self.add_k_proj.forward(text)").does("v = self.add_v_proj.forward(text)");
    if (!onlyCross) {
      attention
          .has("to_k", "Linear")
          .has("to_v", "Linear")
          .does("k = torch.cat([k, self.to_k.forward(h)], 1)")
          .does("v = torch.cat([v, self.to_v.forward(h)], 1)");
    }
    return attention
        .does("h = attend(self.to_q.forward(h), k, v, %s)", heads)
        .does("return z + as_picture(self.to_out._0.forward(h), z)")
        .forward("z: Tensor, text: Tensor", "Tensor");
  }
}
