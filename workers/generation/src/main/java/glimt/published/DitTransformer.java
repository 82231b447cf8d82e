package glimt.published;

import static glimt.published.SourceWriter.number;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The diffusion transformer of classes of images (DiT, Peebles and Xie 2023), as diffusers' {@code
 * DiTTransformer2DModel} publishes it, and {@code Transformer2DModel} did before July 2024.
 *
 * <p>Ports {@code x} [B, c, height, width], {@code noise} [B], the timestep, and {@code
 * class_labels} [B] or [B, 1] int64, where the number of classes is no class.
 */
final class DitTransformer {
  /** What norms without weights of their own add to a variance; no configuration says so. */
  private static final double EPS = 1e-6;

  /** Values of a timestep as waves. */
  private static final int WAVES = 256;

  private static final Map<String, String> LAYERS =
      Map.of(
          "gelu", "torch.gelu(h)",
          "gelu-approximate", "torch.gelu(h, approximate=\"tanh\")",
          "geglu-approximate", "quick_gelu(h)",
          "linear-silu", "torch.silu(h)");

  private static final Map<String, String> GATED_LAYERS =
      Map.of("geglu", "h * torch.gelu(gate)", "swiglu", "h * torch.silu(gate)");

  private final SourceWriter writer = new SourceWriter();
  private final PublishedConfig config;
  private final int heads;
  private final int width;
  private final int layers;
  private final int patch;
  private final int side;

  private DitTransformer(PublishedConfig config) {
    this.config = config;
    boolean old = config.className().equals("Transformer2DModel");
    heads = config.integer("num_attention_heads", 16);
    width = heads * config.integer("attention_head_dim", old ? 88 : 72);
    layers = config.integer("num_layers", old ? 1 : 28);
    patch = config.integer("patch_size", old ? 0 : 2);
    side = config.integer("sample_size", old ? 0 : 32);
    if (patch == 0 || side == 0) {
      throw config.refused(
          patch == 0 ? "patch_size" : "sample_size", "only transformers over patches are known");
    }
    if (!config.text("norm_type", old ? "layer_norm" : "ada_norm_zero").equals("ada_norm_zero")) {
      throw config.refused("norm_type", "only ada_norm_zero is implemented");
    }
    config.only("attention_type", "default");
    config.only("cross_attention_dim", null);
    config.only("num_vector_embeds", null);
    config.only("caption_channels", null);
    config.only("only_cross_attention", false);
    config.only("double_self_attention", false);
    config.only("interpolation_scale", 1);
    config.only("use_additional_conditions", false);
    // The tensors have these sizes and shapes; the rest is of norms and layers that are not there.
    config.ignore("in_channels", "out_channels", "num_embeds_ada_norm", "norm_num_groups");
    config.ignore("dropout", "upcast_attention", "use_linear_projection");
  }

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    String source = new DitTransformer(config).source();
    // Some files hold the table of places, which is computed.
    return new PublishedNetwork(source, Map.of(), Pattern.compile("pos_embed\\.pos_embed"));
  }

  private String source() {
    List<String> blocks = Collections.nCopies(layers, block());
    SourceWriter.Module root =
        writer
            .module("Network", "")
            .has("precision", "int")
            .has("pos_embed", patches())
            .hasList("transformer_blocks", blocks)
            .has("proj_out_1", "Linear")
            .has("proj_out_2", "Linear")
            .does("z = torch.to(x, self.precision)")
            .does("rows = torch.size(z, 2) // %s", patch)
            .does("columns = torch.size(z, 3) // %s", patch)
            .does("z = self.pos_embed.forward(z)")
            .does("waves = time_waves(noise, %s, True, 1., 10000.)", WAVES)
            .does("waves = torch.to(waves, self.precision)")
            .does("label = torch.flatten(torch.to(class_labels, 4))");
    for (int i = 0; i < layers; i++) {
      root.does("z = self.transformer_blocks._%s.forward(z, waves, label)", i);
    }
    root.does("mood = torch.silu(self.transformer_blocks._0.norm1.emb.forward(waves, label))")
        .does(
            "shift, scale = torch.chunk(torch.unsqueeze(self.proj_out_1.forward(mood), 1), 2, -1)")
        .does("z = plain_norm(z, %s) * (scale + 1) + shift", number(EPS))
        .does("z = torch.unflatten(self.proj_out_2.forward(z), 1, [rows, columns])")
        .does("z = torch.unflatten(z, 3, [%s, %s, -1])", patch, patch)
        .does("z = torch.flatten(torch.permute(z, [0, 5, 1, 3, 2, 4]), 4)")
        .does("return torch.to(torch.flatten(z, 2, 3), 6)")
        .forward("x: Tensor, noise: Tensor, class_labels: Tensor", "Tensor");
    return writer.text(
        """
        A diffusion transformer (Peebles and Xie 2023) for latents of images of a class.

          x [B, c, height, width], noise [B] the timestep, class_labels [B] int64 -> [B, 2 c, height, width]
        """);
  }

  /** Squares of a picture as tokens, each with its place: waves of the column, then of the row. */
  private String patches() {
    return writer
        .module("PatchEmbed", "")
        .has("proj", "Conv2d")
        .does("z = self.proj.forward(z, %s, 0)", patch)
        .does("rows = place_waves(torch.size(z, 2), %s, %s, z)", side / patch, width / 2)
        .does("columns = place_waves(torch.size(z, 3), %s, %s, z)", side / patch, width / 2)
        .does("rows = torch.expand(torch.unsqueeze(rows, 1), [-1, torch.size(z, 3), -1])")
        .does("columns = torch.expand(torch.unsqueeze(columns, 0), [torch.size(z, 2), -1, -1])")
        .does("places = torch.flatten(torch.cat([columns, rows], -1), 0, 1)")
        .does("return torch.transpose(torch.flatten(z, 2), 1, 2) + torch.unsqueeze(places, 0)")
        .forward("z: Tensor", "Tensor");
  }

  private String block() {
    SourceWriter.Module block =
        writer
            .module("DitBlock", "Its timestep and class scale, shift and gate both halves.")
            .has("norm1", norm())
            .has("attn1", attention())
            .has("ff", feedForward())
            .does("mood = torch.silu(self.norm1.emb.forward(waves, label))")
            .does("tones = torch.unsqueeze(self.norm1.linear.forward(mood), 1)")
            .does("shift, scale, gate, shift2, scale2, gate2 = torch.chunk(tones, 6, -1)")
            .does("h = plain_norm(z, %s) * (scale + 1) + shift", number(EPS))
            .does("z = z + gate * self.attn1.forward(h)");
    String eps = number(config.number("norm_eps", 1e-5));
    boolean old = config.className().equals("Transformer2DModel");
    if (config.flag("norm_elementwise_affine", old)) {
      block.has("norm3", "LayerNorm").does("h = self.norm3.forward(z, %s)", eps);
    } else {
      block.does("h = plain_norm(z, %s)", eps);
    }
    return block
        .does("return z + gate2 * self.ff.forward(h * (scale2 + 1) + shift2)")
        .forward("z: Tensor, waves: Tensor, label: Tensor", "Tensor");
  }

  private String norm() {
    String time =
        writer
            .module("TimestepEmbedding", "")
            .has("linear_1", "Linear")
            .has("linear_2", "Linear")
            .does("return self.linear_2.forward(torch.silu(self.linear_1.forward(z)))")
            .forward("z: Tensor", "Tensor");
    String label =
        writer.module("LabelEmbedding", "").has("embedding_table", "Embedding").forward("", "");
    String both =
        writer
            .module("TimestepAndLabel", "")
            .has("timestep_embedder", time)
            .has("class_embedder", label)
            .does("h = self.class_embedder.embedding_table.forward(label)")
            .does("return self.timestep_embedder.forward(waves) + h")
            .forward("waves: Tensor, label: Tensor", "Tensor");
    return writer.module("Tones", "").has("emb", both).has("linear", "Linear").forward("", "");
  }

  private String attention() {
    boolean old = config.className().equals("Transformer2DModel");
    String linear = config.flag("attention_bias", !old) ? "Linear" : "Projection";
    return writer
        .module("SelfAttention", "")
        .has("to_q", linear)
        .has("to_k", linear)
        .has("to_v", linear)
        .hasList("to_out", List.of("Linear"))
        .does(
            "h = attend(self.to_q.forward(z), self.to_k.forward(z), self.to_v.forward(z), %s)",
            heads)
        .does("return self.to_out._0.forward(h)")
        .forward("z: Tensor", "Tensor");
  }

  private String feedForward() {
    boolean old = config.className().equals("Transformer2DModel");
    String name = config.text("activation_fn", old ? "geglu" : "gelu-approximate");
    boolean gated = GATED_LAYERS.containsKey(name);
    String layer = gated ? GATED_LAYERS.get(name) : LAYERS.get(name);
    if (layer == null) {
      throw config.refused("activation_fn", "it is not implemented");
    }
    String in = writer.module("FeedForwardIn", "").has("proj", "Linear").forward("", "");
    String net =
        writer.module("FeedForwardNet", "").has("_0", in).has("_2", "Linear").forward("", "");
    return writer
        .module("FeedForward", "")
        .has("net", net)
        .does(
            gated
                ? "h, gate = torch.chunk(self.net._0.proj.forward(z), 2, -1)"
                : "h = self.net._0.proj.forward(z)")
        .does("return self.net._2.forward(%s)", layer)
        .forward("z: Tensor", "Tensor");
  }
}
