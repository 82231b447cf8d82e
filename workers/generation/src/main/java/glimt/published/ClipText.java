package glimt.published;

import glimt.bundle.NetworkSource;
import glimt.bundle.Origin;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * CLIP's text encoder (Radford et al. 2021; OpenCLIP, Cherti et al. 2023), as transformers' {@code
 * CLIPTextModel} and {@code CLIPTextModelWithProjection} publish it.
 *
 * <p>Port {@code tokens} [B, length] int64, and {@code mask} where the configuration asks for one.
 * It answers, each in float32:
 *
 * <ul>
 *   <li>{@code last_hidden_state} [B, length, d], normalised;
 *   <li>{@code hidden_states_0} [B, length, d], what enters the first layer;
 *   <li>{@code hidden_states_minus_K} [B, length, d], what left the K-th layer from the end, not
 *       normalised, and {@code final_layer_norm_of_hidden_states_minus_K}, normalised;
 *   <li>{@code pooler_output} [B, d], the normalised state at the end of the text;
 *   <li>{@code text_embeds} [B, projection], that state projected, of the model with projection,
 *       and {@code text_embeds_normalized}, the same of unit length.
 * </ul>
 */
final class ClipText {
  private static final String PREFIX = "text_model.";

  /** Configurations of before June 2023 carry an end that no tokenizer makes. */
  private static final int LEGACY_END = 2;

  /** How many layers from the end pipelines read: 1 and 2 layers skipped, and SDXL one more. */
  private static final int READ_FROM_END = 4;

  /** Left over from training, or counted here. */
  private static final String UNUSED = "(text_model\\.)?embeddings\\.position_ids|logit_scale";

  private ClipText() {}

  static PublishedNetwork model(PublishedConfig config, Set<String> tensors) {
    return of(config, tensors, false);
  }

  static PublishedNetwork modelWithProjection(PublishedConfig config, Set<String> tensors) {
    return of(config, tensors, true);
  }

  private static PublishedNetwork of(
      PublishedConfig config, Set<String> tensors, boolean projected) {
    Transformers.common(config);
    config.ignore("initializer_factor", "initializer_range", "attention_dropout", "dropout");
    // The tensors themselves have these sizes.
    config.ignore(
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "projection_dim",
        "max_position_embeddings");
    String source = source(config, projected);
    String unused = projected ? UNUSED : UNUSED + "|text_projection\\.weight";
    return new PublishedNetwork(source, origins(source, tensors), Pattern.compile(unused));
  }

  /** Newer files of the model without projection name its parts without {@code text_model}. */
  private static Map<String, Origin> origins(String source, Set<String> tensors) {
    if (tensors.stream().anyMatch(name -> name.startsWith(PREFIX))) {
      return Map.of();
    }
    Map<String, Origin> origins = new HashMap<>();
    for (String path : NetworkSource.parse("text encoder", source).tensors().keySet()) {
      if (path.startsWith(PREFIX)) {
        String name = PublishedNetwork.publishedName(path.substring(PREFIX.length()));
        origins.put(path, Origin.of(name));
      }
    }
    return origins;
  }

  private static String source(PublishedConfig config, boolean projected) {
    int layers = config.integer("num_hidden_layers", 12);
    int heads = config.integer("num_attention_heads", 8);
    int end = config.integer("eos_token_id", 49407);
    boolean masked = config.flag("use_attention_mask", false);
    String eps = SourceWriter.number(config.number("layer_norm_eps", 1e-5));
    Activation act = Activation.of(config, "hidden_act", "quick_gelu");
    String given = masked ? ", seen" : "";

    SourceWriter writer = new SourceWriter();
    ClipTransformer.Sight sight =
        masked ? ClipTransformer.Sight.MASKED : ClipTransformer.Sight.BEFORE;
    String encoder = ClipTransformer.encoder(writer, layers, heads, eps, act, sight);
    String embeddings =
        writer
            .module("ClipEmbeddings", "A vector for each token, and one for each place.")
            .has("token_embedding", "Embedding")
            .has("position_embedding", "Embedding")
            .does("places = torch.arange(torch.size(tokens, 1), device=ops.prim.device(tokens))")
            .does("z = self.token_embedding.forward(tokens)")
            .does("return z + self.position_embedding.forward(places)")
            .forward("tokens: Tensor", "Tensor");
    String text =
        writer
            .module("ClipText", "")
            .has("embeddings", embeddings)
            .has("encoder", encoder)
            .has("final_layer_norm", "LayerNorm")
            .forward("", "");

    SourceWriter.Module root =
        writer.module("Network", "").has("precision", "int").has("text_model", text);
    if (projected) {
      root.has("text_projection", "Projection");
    }
    if (masked) {
      root.does("n = torch.size(tokens, 1)")
          .does("before = torch.tril(torch.ones([n, n], device=ops.prim.device(tokens)))")
          .does("real = torch.unsqueeze(torch.unsqueeze(torch.ne(mask, 0), 1), 1)")
          .does("seen = torch.logical_and(torch.ne(before, 0), real)");
    }
    root.does("z = torch.to(self.text_model.embeddings.forward(tokens), self.precision)")
        .does("first = z");
    for (int i = 0; i < layers; i++) {
      int fromEnd = layers + 1 - i;
      if (fromEnd <= READ_FROM_END) {
        root.does("minus_%s = z", fromEnd);
      }
      root.does("z = self.text_model.encoder.layers._%s.forward(z%s)", i, given);
    }
    root.does("last = self.text_model.final_layer_norm.forward(z, %s)", eps)
        .does(
            end == LEGACY_END
                ? "end = torch.argmax(tokens, -1) # the end's id is the largest"
                : "end = torch.argmax(torch.to(torch.eq(tokens, %s), 3), -1) # the first end"
                    .formatted(end))
        .does("rows = torch.arange(torch.size(tokens, 0), device=ops.prim.device(tokens))")
        .does("pooled = torch.index(last, [rows, end])")
        .does("states = {\"last_hidden_state\": torch.to(last, 6)}")
        .does("states[\"pooler_output\"] = torch.to(pooled, 6)")
        .does("states[\"hidden_states_0\"] = torch.to(first, 6)");
    if (projected) {
      root.does("projected = torch.to(self.text_projection.forward(pooled), 6)")
          .does("length = torch.sqrt(torch.sum(projected * projected, [-1], True))")
          .does("states[\"text_embeds\"] = projected")
          .does("states[\"text_embeds_normalized\"] = projected / length");
    }
    for (int k = 2; k <= Math.min(READ_FROM_END, layers + 1); k++) {
      String normed = "self.text_model.final_layer_norm.forward(minus_%s, %s)".formatted(k, eps);
      root.does("states[\"hidden_states_minus_%s\"] = torch.to(minus_%s, 6)", k, k);
      root.does(
          "states[\"final_layer_norm_of_hidden_states_minus_%s\"] = torch.to(%s, 6)", k, normed);
    }
    root.does("return states");
    root.forward("tokens: Tensor" + (masked ? ", mask: Tensor" : ""), "Dict[str, Tensor]");
    return writer.text(
        """
        CLIP's text encoder (Radford et al. 2021): a causal transformer.

          tokens [B, length] int64 -> its states, each in float32
        """);
  }
}
