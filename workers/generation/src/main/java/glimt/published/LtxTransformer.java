package glimt.published;

import java.util.Collections;
import java.util.Set;

/**
 * The diffusion transformer of LTX-Video (HaCohen et al. 2024, arXiv:2501.00103).
 *
 * <p>It takes {@code x} [B, frames, channels, height, width], latents; {@code noise}, the timestep
 * 0 … 1000, [B] or one for each token [B, tokens]; {@code encoder_hidden_states} [B, length,
 * caption_channels] and {@code encoder_attention_mask} [B, length], 1 = token; and {@code
 * video_coords} [B, 3, tokens], the second, row and column of each token in the decoded clip, rows
 * and columns in pixels. It answers a clip like {@code x}. All are float32.
 */
final class LtxTransformer {
  private LtxTransformer() {}

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    config.ignore("in_channels", "out_channels", "cross_attention_dim", "caption_channels");
    config.only("qk_norm", "rms_norm_across_heads"); // the field has no other
    int heads = config.integer("num_attention_heads", 32);
    String activation = config.text("activation_fn", "gelu-approximate");
    String feedForward = FeedForwards.source(activation);
    if (feedForward == null) {
      throw config.refused("activation_fn", "feed forwards are " + FeedForwards.names());
    }
    boolean weighted = config.flag("norm_elementwise_affine", false);
    Object[] sizes = {
      "heads",
      heads,
      "d",
      heads * config.integer("attention_head_dim", 64),
      "eps",
      config.number("norm_eps", 1e-6),
      "patch_t",
      config.integer("patch_size_t", 1),
      "patch",
      config.integer("patch_size", 1),
      "in",
      config.flag("attention_bias", true) ? "Linear" : "Projection",
      "out",
      config.flag("attention_out_bias", true) ? "Linear" : "Projection",
      "norms",
      weighted ? "  norm1 : RmsNorm\n  norm2 : RmsNorm\n" : "",
      "norm1",
      weighted ? "self.norm1.forward" : "plain_rms_norm",
      "norm2",
      weighted ? "self.norm2.forward" : "plain_rms_norm"
    };
    SourceText source =
        new SourceText()
            .add(NETWORK, sizes)
            .chain(
                "Blocks",
                Collections.nCopies(config.integer("num_layers", 28), "Block"),
                "tones: Tensor",
                "context: Tensor",
                "padded: Tensor",
                "cosines: Tensor",
                "sines: Tensor",
                "precision: int")
            .add(BLOCK, sizes)
            .add(ATTENTION, sizes)
            .add(feedForward);
    return new PublishedNetwork(source.text());
  }

  private static final String NETWORK =
      """
      # The diffusion transformer of LTX-Video: every token of a clip sees every other, and the prompt.
      #
      #   x [B, frames, channels, height, width], noise [B] or [B, tokens], encoder_hidden_states [B, length, text],
      #   encoder_attention_mask [B, length], video_coords [B, 3, tokens] -> [B, frames, channels, height, width],
      #   all float32

      from blocks.embedders import TextEmbedder
      from blocks.heads import split
      from blocks.linear import Linear
      from blocks.ltx import LtxTime, ltx_clip, ltx_tokens, ltx_turns
      from blocks.norms import RmsNorm
      from blocks.plain_norm import plain_norm
      from blocks.plain_rms_norm import plain_rms_norm
      from blocks.projection import Projection
      from blocks.rotary import turned


      class Network(Module):
        precision : int
        proj_in : Linear
        time_embed : LtxTime
        caption_projection : TextEmbedder
        transformer_blocks : Blocks
        scale_shift_table : Tensor    # [2, {d}]
        proj_out : Linear

        # In float32 from token to token; what is added to it is computed in `precision`.
        def forward(self, x: Tensor, noise: Tensor, encoder_hidden_states: Tensor, encoder_attention_mask: Tensor, video_coords: Tensor) -> Tensor:
          cosines, sines = ltx_turns(video_coords, {d})
          mood, tones = self.time_embed.forward(noise)
          context = self.caption_projection.forward(torch.to(encoder_hidden_states, self.precision))
          padded = (1 - torch.to(encoder_attention_mask, 6)) * -10000.
          padded = torch.unsqueeze(torch.unsqueeze(padded, 1), 1)

          z = torch.to(self.proj_in.forward(torch.to(ltx_tokens(x, {patch_t}, {patch}), self.precision)), 6)
          z = self.transformer_blocks.forward(z, tones, context, padded, cosines, sines, self.precision)

          shift, scale = torch.unbind(torch.to(self.scale_shift_table, 6) + torch.unsqueeze(mood, 2), 2)
          z = plain_norm(z, 1e-06) * (1 + scale) + shift
          z = torch.to(self.proj_out.forward(torch.to(z, self.precision)), 6)
          return ltx_clip(z, x, {patch_t}, {patch})
      """;

  private static final String BLOCK =
      """
      class Block(Module):
      {norms}  attn1 : Attention
        attn2 : Attention
        ff : FeedForward
        scale_shift_table : Tensor    # [6, {d}]

        # Scale, shift and gate are of each token or, [B, 1, d], of all. The prompt is neither scaled nor gated.
        def forward(self, z: Tensor, tones: Tensor, context: Tensor, padded: Tensor, cosines: Tensor, sines: Tensor, precision: int) -> Tensor:
          tuned = torch.to(self.scale_shift_table, 6) + tones
          shift, scale, gate, shift2, scale2, gate2 = torch.unbind(tuned, 2)
          h = torch.to({norm1}(z, {eps}) * (1 + scale) + shift, precision)
          z = z + self.attn1.itself(h, cosines, sines) * gate
          z = z + self.attn2.to_prompt(torch.to(z, precision), context, padded)
          h = torch.to({norm2}(z, {eps}) * (1 + scale2) + shift2, precision)
          return z + self.ff.forward(h) * gate2
      """;

  private static final String ATTENTION =
      """
      # Queries and keys are normed, and turned, over all heads together.
      class Attention(Module):
        to_q : {in}
        to_k : {in}
        to_v : {in}
        to_out : AttentionOut
        norm_q : RmsNorm
        norm_k : RmsNorm

        def itself(self, z: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
          q = turned(self.norm_q.forward(self.to_q.forward(z), 1e-05), cosines, sines)
          k = turned(self.norm_k.forward(self.to_k.forward(z), 1e-05), cosines, sines)
          return self.joined(torch.scaled_dot_product_attention(split(q, {heads}), split(k, {heads}), split(self.to_v.forward(z), {heads})))

        def to_prompt(self, z: Tensor, context: Tensor, padded: Tensor) -> Tensor:
          q = self.norm_q.forward(self.to_q.forward(z), 1e-05)
          k = self.norm_k.forward(self.to_k.forward(context), 1e-05)
          v = self.to_v.forward(context)
          mask = torch.to(padded, ops.prim.dtype(q))
          return self.joined(torch.scaled_dot_product_attention(split(q, {heads}), split(k, {heads}), split(v, {heads}), mask))

        def joined(self, seen: Tensor) -> Tensor:
          return self.to_out._0.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))


      class AttentionOut(Module):
        _0 : {out}
      """;
}
