package glimt.published;

import glimt.bundle.Origin;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The encoder of T5 (Raffel et al. 2020), in its first form and that of version 1.1, and of UMT5
 * (Chung et al. 2023), whose every block has distances of its own.
 *
 * <p>It takes {@code tokens} and {@code mask}, int64 [B, length], 1 = token; rows of padding have
 * results too. It answers {@code last_hidden_state}, float32 [B, length, d]; {@code
 * last_hidden_state_masked}, where rows of padding are zeros; and {@code mask}, float32 [B,
 * length], for networks that look at the rows themselves.
 */
final class T5Encoder {
  private static final String SHARED = "shared.weight";
  private static final String EMBED_TOKENS = "encoder.embed_tokens.weight";

  /** What whole models hold besides, and the embedding under its other name. */
  private static final Pattern UNUSED =
      Pattern.compile("decoder\\..*|lm_head\\..*|shared\\.weight|encoder\\.embed_tokens\\.weight");

  private final PublishedConfig config;
  private final boolean ownDistances;
  private final boolean padded;
  private final int layers;
  private final String feedForward;

  /**
   * @param ownDistances whether every block has distances of its own; else the first block's serve
   *     all
   * @param padded whether words are to see the padding too
   */
  private T5Encoder(
      PublishedConfig config,
      boolean ownDistances,
      boolean padded,
      int layers,
      String feedForward) {
    this.config = config;
    this.ownDistances = ownDistances;
    this.padded = padded;
    this.layers = layers;
    this.feedForward = feedForward;
  }

  static PublishedNetwork t5(PublishedConfig config, Set<String> tensors) {
    return t5(config, tensors, false);
  }

  /** As pipelines have it that give the network no mask: words see the padding too. */
  static PublishedNetwork padded(PublishedConfig config, Set<String> tensors) {
    return t5(config, tensors, true);
  }

  private static PublishedNetwork t5(PublishedConfig config, Set<String> tensors, boolean padded) {
    return new T5Encoder(
            config,
            false,
            padded,
            config.integer("num_layers", 6),
            config.text("feed_forward_proj", "relu"))
        .network(config.integer("num_heads", 8), tensors);
  }

  static PublishedNetwork umt5(PublishedConfig config, Set<String> tensors) {
    return new T5Encoder(
            config,
            true,
            false,
            config.integer("num_layers", 8),
            config.text("feed_forward_proj", "gated-gelu"))
        .network(config.integer("num_heads", 6), tensors);
  }

  private PublishedNetwork network(int heads, Set<String> tensors) {
    Transformers.common(config);
    if (ownDistances) {
      config.ignore("scalable_attention"); // Google's files of UMT5 have it, and no class reads it
    }
    config.ignore( // sizes that the tensors have, the decoder's, and what training alone needs
        "vocab_size",
        "d_model",
        "d_kv",
        "d_ff",
        "relative_attention_num_buckets",
        "num_decoder_layers",
        "dropout_rate",
        "classifier_dropout",
        "initializer_factor",
        "n_positions",
        "output_past");
    int farthest = config.integer("relative_attention_max_distance", 128);
    double eps = config.number("layer_norm_epsilon", 1e-6);
    SourceText source =
        new SourceText()
            .add(HEAD)
            .add(
                ownDistances ? UMT5_NETWORK : T5_NETWORK,
                "farthest",
                farthest,
                "seen",
                padded ? "torch.ones_like(mask)" : "mask")
            .add(ENCODER, "eps", eps)
            .chain(
                "Blocks",
                Collections.nCopies(layers, "Block"),
                "tokens: Tensor",
                "bias: Tensor",
                "precision: int")
            .add(ownDistances ? UMT5_BLOCK : T5_BLOCK, "farthest", farthest)
            .add(LAYERS, "heads", heads, "eps", eps)
            .add(feedForward());
    return new PublishedNetwork(source.text(), origins(tensors), UNUSED);
  }

  /**
   * The activation of the key {@code feed_forward_proj}, {@code relu} or {@code gated-gelu}, unless
   * the file spells it out.
   */
  private String feedForward() {
    boolean gated = config.flag("is_gated_act", feedForward.startsWith("gated-"));
    String named = feedForward.replaceFirst("^gated-", "");
    String implied = feedForward.equals("gated-gelu") ? "gelu_new" : named;
    String spelt = config.text("dense_act_fn");
    Activation activation =
        spelt == null
            ? Activation.named(config, "feed_forward_proj", implied)
            : Activation.named(config, "dense_act_fn", spelt);
    return SourceText.filled(
        gated ? GATED_FEED_FORWARD : FEED_FORWARD, "activation", activation.of("h"));
  }

  /** Where the distances and the embedding are published. */
  private Map<String, Origin> origins(Set<String> tensors) {
    Map<String, Origin> origins = new LinkedHashMap<>();
    if (!tensors.contains(SHARED) && tensors.contains(EMBED_TOKENS)) {
      origins.put(SHARED, Origin.of(EMBED_TOKENS));
    }
    String published = "encoder.block.%s.layer.0.SelfAttention.relative_attention_bias.weight";
    if (ownDistances) {
      for (int i = 0; i < layers; i++) {
        origins.put(
            "encoder.block._%s.distances.weight".formatted(i), Origin.of(published.formatted(i)));
      }
    } else {
      origins.put("distances.weight", Origin.of(published.formatted(0)));
    }
    return origins;
  }

  private static final String HEAD =
      """
      # The encoder of a T5: words in, what they mean to one another out.
      #
      #   tokens [B, N] int64, mask [B, N] int64 -> last_hidden_state [B, N, d] float32, and masked: zeros for padding;
      #     and the mask as float32

      from blocks.activations import quick_gelu
      from blocks.embedding import Embedding
      from blocks.norms import RmsNorm
      from blocks.projection import Projection
      from blocks.t5 import T5AttentionLayer, T5Distances, padding
      """;

  private static final String T5_NETWORK =
      """
      class Network(Module):
        precision : int
        shared : Embedding
        distances : T5Distances
        encoder : Encoder

        def forward(self, tokens: Tensor, mask: Tensor) -> Dict[str, Tensor]:
          bias = self.distances.forward(tokens, {farthest}) + padding({seen})
          z = torch.to(self.shared.forward(tokens), 6)
          return masked(self.encoder.forward(z, tokens, bias, self.precision), mask)
      """;

  private static final String UMT5_NETWORK =
      """
      class Network(Module):
        precision : int
        shared : Embedding
        encoder : Encoder

        def forward(self, tokens: Tensor, mask: Tensor) -> Dict[str, Tensor]:
          z = torch.to(self.shared.forward(tokens), 6)
          return masked(self.encoder.forward(z, tokens, padding(mask), self.precision), mask)
      """;

  private static final String ENCODER =
      """
      def masked(z: Tensor, mask: Tensor) -> Dict[str, Tensor]:
        seen = torch.to(mask, 6)
        return {"last_hidden_state": z, "last_hidden_state_masked": z * torch.unsqueeze(seen, -1), "mask": seen}


      class Encoder(Module):
        block : Blocks
        final_layer_norm : RmsNorm

        def forward(self, z: Tensor, tokens: Tensor, bias: Tensor, precision: int) -> Tensor:
          z = self.block.forward(z, tokens, bias, precision)
          return self.final_layer_norm.forward(z, {eps})
      """;

  private static final String T5_BLOCK =
      """
      # The distances are the same for all blocks and part of the bias.
      class Block(Module):
        layer : Layers

        def forward(self, z: Tensor, tokens: Tensor, bias: Tensor, precision: int) -> Tensor:
          return self.layer.forward(z, bias, precision)
      """;

  private static final String UMT5_BLOCK =
      """
      class Block(Module):
        distances : T5Distances
        layer : Layers

        def forward(self, z: Tensor, tokens: Tensor, bias: Tensor, precision: int) -> Tensor:
          return self.layer.forward(z, self.distances.forward(tokens, {farthest}) + bias, precision)
      """;

  private static final String LAYERS =
      """
      class Layers(Module):
        _0 : T5AttentionLayer
        _1 : FeedForwardLayer

        def forward(self, z: Tensor, bias: Tensor, precision: int) -> Tensor:
          z = self._0.forward(z, bias, {heads}, {eps}, precision)
          return self._1.forward(z, {eps}, precision)


      class FeedForwardLayer(Module):
        DenseReluDense : FeedForward
        layer_norm : RmsNorm

        def forward(self, z: Tensor, eps: float, precision: int) -> Tensor:
          return z + self.DenseReluDense.forward(torch.to(self.layer_norm.forward(z, eps), precision))
      """;

  private static final String FEED_FORWARD =
      """
      # The way back is in float32: its sums are beyond half precision.
      class FeedForward(Module):
        wi : Projection
        wo : Projection

        def forward(self, z: Tensor) -> Tensor:
          h = self.wi.forward(z)
          return self.wo.forward(torch.to({activation}, 6))
      """;

  private static final String GATED_FEED_FORWARD =
      """
      # Gated (Shazeer 2020). The way back is in float32: its sums are beyond half precision.
      class FeedForward(Module):
        wi_0 : Projection
        wi_1 : Projection
        wo : Projection

        def forward(self, z: Tensor) -> Tensor:
          h = self.wi_0.forward(z)
          return self.wo.forward(torch.to({activation} * self.wi_1.forward(z), 6))
      """;
}
