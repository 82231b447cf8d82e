package glimt.published;

import glimt.bundle.BundleException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The diffusion transformer of Wan 2.1 and 2.2 (Wan Team 2025, arXiv:2503.20314).
 *
 * <p>It takes {@code x} [B, frames, channels, height, width], {@code noise}, the timestep 0 … 1000,
 * [B] or one for each token [B, tokens], and {@code encoder_hidden_states} [B, length, text_dim];
 * with {@code image_dim} also {@code encoder_hidden_states_image} [B, length, image_dim]. It
 * answers a clip like {@code x} with {@code out_channels}. All are float32.
 */
final class WanTransformer {
  /** Some files hold a norm that nothing reads. */
  private static final Pattern UNUSED = Pattern.compile(".*\\.norm_added_q\\.weight");

  private WanTransformer() {}

  /**
   * Writes the network.
   *
   * @throws BundleException if the patches have other than three extents
   */
  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    return of(config, false);
  }

  /**
   * The same of clips that begin with a picture: further channels of the published network's clip
   * are a port of their own, {@code picture_latents} [B, frames, channels, height, width].
   */
  static PublishedNetwork begun(PublishedConfig config, Set<String> tensors) {
    return of(config, true);
  }

  private static PublishedNetwork of(PublishedConfig config, boolean begun) {
    // Sizes that the tensors have; queries and keys are normed alike whatever the key says; the
    // longest clip bounds a table of the field's, which is none here.
    config.ignore(
        "in_channels", "out_channels", "text_dim", "ffn_dim", "qk_norm", "rope_max_seq_len");
    List<Integer> patch = config.integers("patch_size", List.of(1, 2, 2));
    if (patch.size() != 3) {
      throw config.refused("patch_size", "a patch has frames, rows and columns");
    }
    boolean image = config.integer("image_dim") != null;
    boolean imageKeys = config.integer("added_kv_proj_dim") != null;
    boolean imagePair = config.integer("pos_embed_seq_len") != null;
    boolean contextNorm = config.flag("cross_attn_norm", true);
    Object[] sizes = {
      "heads", config.integer("num_attention_heads", 40),
      "eps", config.number("eps", 1e-6),
      "pt", patch.get(0),
      "ph", patch.get(1),
      "pw", patch.get(2),
      "more", begun ? ", picture_latents: Tensor" : "",
      "clip", begun ? "torch.cat([x, picture_latents], 2)" : "x",
      "head", config.integer("attention_head_dim", 128),
      "waves", config.integer("freq_dim", 256),
      "attn2", imageKeys ? "WanImageCrossAttention" : "WanCrossAttention",
      "image_embedder", imagePair ? "WanImagePairEmbedder" : "WanImageEmbedder"
    };
    SourceText source =
        new SourceText()
            .add(HEAD)
            .add((image ? NETWORK_OF_IMAGE : NETWORK_OF_TEXT) + TRANSFORMER, sizes)
            .add(image ? CONDITIONS_OF_IMAGE : CONDITIONS_OF_TEXT, sizes)
            .chain(
                "Blocks",
                Collections.nCopies(config.integer("num_layers", 40), "Block"),
                "tones: Tensor",
                "context: Tensor",
                "cosines: Tensor",
                "sines: Tensor",
                "precision: int")
            .add(contextNorm ? BLOCK : BLOCK_WITHOUT_CONTEXT_NORM, sizes)
            .add(Objects.requireNonNull(FeedForwards.source("gelu-approximate")));
    return new PublishedNetwork(source.text(), Map.of(), UNUSED);
  }

  private static final String HEAD =
      """
      # The diffusion transformer of Wan: every token of a clip sees every other, and the prompt.
      #
      #   x [B, frames, channels, height, width], noise [B] or [B, tokens], encoder_hidden_states [B, length, text]
      #   -> [B, frames, channels, height, width], all float32

      from blocks.convolution import Conv3d
      from blocks.embedders import TextEmbedder, TimestepEmbedder
      from blocks.linear import Linear
      from blocks.norms import LayerNorm
      from blocks.plain_norm import plain_norm
      from blocks.wan import WanCrossAttention, WanImageCrossAttention, WanImageEmbedder, WanImagePairEmbedder
      from blocks.wan import WanSelfAttention, wan_turns
      """;

  private static final String ATTRIBUTES =
      """
      class Network(Module):
        precision : int
        patch_embedding : Conv3d
        condition_embedder : Conditions
        blocks : Blocks
        proj_out : Linear
        scale_shift_table : Tensor    # [1, 2, d]

      """;

  private static final String NETWORK_OF_TEXT =
      ATTRIBUTES
          + """
            def forward(self, x: Tensor, noise: Tensor, encoder_hidden_states: Tensor{more}) -> Tensor:
              text = torch.to(encoder_hidden_states, self.precision)
              return self.denoised({clip}, noise, self.condition_embedder.text_embedder.forward(text))

          """;

  private static final String NETWORK_OF_IMAGE =
      ATTRIBUTES
          + """
            def forward(self, x: Tensor, noise: Tensor, encoder_hidden_states: Tensor, encoder_hidden_states_image: Tensor{more}) -> Tensor:
              text = torch.to(encoder_hidden_states, self.precision)
              image = torch.to(encoder_hidden_states_image, self.precision)
              seen = self.condition_embedder.image_embedder.forward(image)
              context = torch.cat([seen, self.condition_embedder.text_embedder.forward(text)], 1)
              return self.denoised({clip}, noise, context)

          """;

  private static final String TRANSFORMER =
      """
        # In float32 from token to token; what is added to it is computed in `precision`.
        def denoised(self, x: Tensor, noise: Tensor, context: Tensor) -> Tensor:
          clip = torch.transpose(torch.to(x, self.precision), 1, 2)
          z = self.patch_embedding.forward(clip, [{pt}, {ph}, {pw}], [0, 0, 0])
          frames = torch.size(z, 2)
          height = torch.size(z, 3)
          width = torch.size(z, 4)
          cosines, sines = wan_turns(frames, height, width, {head}, z)
          each = self.condition_embedder.time_embedder.forward(torch.flatten(noise), {waves})
          mood = torch.unflatten(each, 0, [torch.size(noise, 0), -1])
          tones = torch.unflatten(self.condition_embedder.time_proj.forward(torch.silu(mood)), -1, [6, -1])

          z = torch.to(torch.transpose(torch.flatten(z, 2), 1, 2), 6)
          z = self.blocks.forward(z, tones, context, cosines, sines, self.precision)

          shift, scale = torch.unbind(torch.to(self.scale_shift_table, 6) + torch.unsqueeze(mood, 2), 2)
          z = plain_norm(z, {eps}) * (1 + scale) + shift
          z = torch.to(self.proj_out.forward(torch.to(z, self.precision)), 6)
          z = torch.reshape(z, [-1, frames, height, width, {pt}, {ph}, {pw}, torch.size(z, 2) // ({pt} * {ph} * {pw})])
          z = torch.permute(z, [0, 1, 4, 7, 2, 5, 3, 6])
          return torch.reshape(z, [-1, frames * {pt}, torch.size(z, 3), height * {ph}, width * {pw}])
      """;

  private static final String CONDITIONS_OF_TEXT =
      """
      class Conditions(Module):
        time_embedder : TimestepEmbedder
        time_proj : Linear
        text_embedder : TextEmbedder
      """;

  private static final String CONDITIONS_OF_IMAGE =
      CONDITIONS_OF_TEXT + "  image_embedder : {image_embedder}\n";

  private static final String BLOCK =
      """
      class Block(Module):
        attn1 : WanSelfAttention
        norm2 : LayerNorm
        attn2 : {attn2}
        ffn : FeedForward
        scale_shift_table : Tensor    # [1, 6, d]

        # Scale, shift and gate are of each token or, [B, 1, d], of all.
        def forward(self, z: Tensor, tones: Tensor, context: Tensor, cosines: Tensor, sines: Tensor, precision: int) -> Tensor:
          tuned = torch.to(self.scale_shift_table, 6) + tones
          shift, scale, gate, shift2, scale2, gate2 = torch.unbind(tuned, 2)
          h = torch.to(plain_norm(z, {eps}) * (1 + scale) + shift, precision)
          z = z + self.attn1.forward(h, cosines, sines, {heads}, {eps}) * gate
          h = torch.to(self.norm2.forward(z, {eps}), precision)
          z = z + self.attn2.forward(h, context, {heads}, {eps})
          h = torch.to(plain_norm(z, {eps}) * (1 + scale2) + shift2, precision)
          return z + self.ffn.forward(h) * gate2
      """;

  private static final String BLOCK_WITHOUT_CONTEXT_NORM =
      BLOCK.replace("  norm2 : LayerNorm\n", "").replace("self.norm2.forward(z, {eps})", "z");
}
