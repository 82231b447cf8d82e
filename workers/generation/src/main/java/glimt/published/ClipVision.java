package glimt.published;

import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * CLIP's picture encoder (Radford et al. 2021; OpenCLIP, Cherti et al. 2023), as transformers'
 * {@code CLIPVisionModel} publishes it.
 *
 * <p>Port {@code image} [B, 3, side, side] float32, normalised. It answers, each in float32: {@code
 * last_hidden_state} and {@code hidden_states_minus_2} [B, 1 + patches, d], what left the last and
 * the last layer but one, and {@code pooler_output} [B, d], the normalised state of the whole.
 */
final class ClipVision {
  /** Counted here. */
  private static final Pattern UNUSED = Pattern.compile(".*position_ids");

  private ClipVision() {}

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    Transformers.common(config);
    config.ignore("initializer_factor", "initializer_range", "attention_dropout", "dropout");
    // The tensors themselves have these sizes.
    config.ignore("hidden_size", "intermediate_size", "projection_dim", "image_size");
    config.only("num_channels", 3);
    int layers = config.integer("num_hidden_layers", 12);
    int heads = config.integer("num_attention_heads", 12);
    int patch = config.integer("patch_size", 32);
    String eps = SourceWriter.number(config.number("layer_norm_eps", 1e-5));
    Activation act = Activation.of(config, "hidden_act", "quick_gelu");

    SourceWriter writer = new SourceWriter();
    String encoder =
        ClipTransformer.encoder(writer, layers, heads, eps, act, ClipTransformer.Sight.ALL);
    String patches =
        writer
            .module("VisionPatches", "A vector for each patch of pixels.")
            .has("weight", "Tensor")
            .does(
                "z = torch.conv2d(image, same(self.weight, image), None, [%s, %s], [0, 0], [1, 1],"
                    + " 1)",
                patch, patch)
            .does("return torch.transpose(torch.flatten(z, 2), 1, 2)")
            .forward("image: Tensor", "Tensor");
    String places =
        writer
            .module("VisionPlaces", "A vector for each place.")
            .has("weight", "Tensor")
            .does("return z + same(self.weight, z)")
            .forward("z: Tensor", "Tensor");
    String embeddings =
        writer
            .module("VisionEmbeddings", "The whole comes first.")
            .has("class_embedding", "Tensor")
            .has("patch_embedding", patches)
            .has("position_embedding", places)
            .does("z = self.patch_embedding.forward(image)")
            .does("whole = torch.reshape(same(self.class_embedding, z), [1, 1, -1])")
            .does("whole = torch.expand(whole, [torch.size(z, 0), 1, -1])")
            .does("return self.position_embedding.forward(torch.cat([whole, z], 1))")
            .forward("image: Tensor", "Tensor");
    String vision =
        writer
            .module("Vision", "")
            .has("embeddings", embeddings)
            .has("pre_layrnorm", "LayerNorm")
            .has("encoder", encoder)
            .has("post_layernorm", "LayerNorm")
            .forward("", "");
    SourceWriter.Module root =
        writer.module("Network", "").has("precision", "int").has("vision_model", vision);
    root.does("z = self.vision_model.embeddings.forward(torch.to(image, self.precision))")
        .does("z = self.vision_model.pre_layrnorm.forward(z, %s)", eps);
    for (int i = 0; i < layers; i++) {
      if (i == layers - 1) {
        root.does("before = z");
      }
      root.does("z = self.vision_model.encoder.layers._%s.forward(z)", i);
    }
    root.does("whole = self.vision_model.post_layernorm.forward(torch.select(z, 1, 0), %s)", eps)
        .does("states = {\"last_hidden_state\": torch.to(z, 6)}")
        .does("states[\"hidden_states_minus_2\"] = torch.to(before, 6)")
        .does("states[\"pooler_output\"] = torch.to(whole, 6)")
        .does("return states")
        .forward("image: Tensor", "Dict[str, Tensor]");
    String source =
        writer.text(
            """
            CLIP's picture encoder (Radford et al. 2021): a transformer of patches.

              image [B, 3, side, side] float32 -> its states, each in float32
            """);
    return new PublishedNetwork(source, Map.of(), UNUSED);
  }
}
