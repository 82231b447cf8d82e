package glimt.published;

import java.util.Collections;

/** The transformer that CLIP's encoders of texts and of pictures have in common. */
final class ClipTransformer {
  /** What each state sees, and the arguments that say so to an attention. */
  enum Sight {
    ALL("Each patch sees all others.", "None, 0., False"),
    BEFORE("Each token sees itself and those before it.", "None, 0., True"),
    MASKED("Each token sees what the mask shows.", "mask, 0., False");

    private final String says;
    private final String arguments;

    Sight(String says, String arguments) {
      this.says = says;
      this.arguments = arguments;
    }
  }

  private ClipTransformer() {}

  /**
   * Writes a list of layers, each of which takes states [B, N, d], and a mask if it sees by one.
   *
   * @param eps of its norms, as source text
   * @return the name of the module, whose {@code layers} they are
   */
  static String encoder(
      SourceWriter writer, int layers, int heads, String eps, Activation act, Sight sight) {
    String given = sight == Sight.MASKED ? ", mask" : "";
    String takes = sight == Sight.MASKED ? "z: Tensor, mask: Tensor" : "z: Tensor";
    String attention =
        writer
            .module("ClipAttention", sight.says)
            .has("q_proj", "Linear")
            .has("k_proj", "Linear")
            .has("v_proj", "Linear")
            .has("out_proj", "Linear")
            .does("q = split(self.q_proj.forward(z), %s)", heads)
            .does("k = split(self.k_proj.forward(z), %s)", heads)
            .does("v = split(self.v_proj.forward(z), %s)", heads)
            .does("h = torch.scaled_dot_product_attention(q, k, v, %s)", sight.arguments)
            .does("return self.out_proj.forward(torch.flatten(torch.transpose(h, 1, 2), 2))")
            .forward(takes, "Tensor");
    String mlp =
        writer
            .module("ClipMlp", "")
            .has("fc1", "Linear")
            .has("fc2", "Linear")
            .does("return self.fc2.forward(%s)", act.of("self.fc1.forward(z)"))
            .forward("z: Tensor", "Tensor");
    String layer =
        writer
            .module("ClipLayer", "")
            .has("self_attn", attention)
            .has("layer_norm1", "LayerNorm")
            .has("mlp", mlp)
            .has("layer_norm2", "LayerNorm")
            .does("z = z + self.self_attn.forward(self.layer_norm1.forward(z, %s)%s)", eps, given)
            .does("return z + self.mlp.forward(self.layer_norm2.forward(z, %s))", eps)
            .forward(takes, "Tensor");
    return writer
        .module("ClipEncoder", "")
        .hasList("layers", Collections.nCopies(layers, layer))
        .forward("", "");
  }
}
