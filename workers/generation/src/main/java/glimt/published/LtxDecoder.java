package glimt.published;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The decoder of LTX-Video's codec. It takes {@code latent} [B, latent frames, latent_channels, h,
 * w] and, with {@code timestep_conditioning}, {@code timestep} [B], the share of noise that is left
 * in it; it answers a clip in [-1, 1], all float32.
 */
final class LtxDecoder {
  private LtxDecoder() {}

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    config.ignore(
        "block_out_channels",
        "down_block_types",
        "downsample_type",
        "layers_per_block",
        "spatio_temporal_scaling",
        "encoder_causal");
    double eps = LtxAutoencoder.eps(config);
    boolean timed = config.flag("timestep_conditioning", false);
    List<Integer> widths =
        config.integers("decoder_block_out_channels", LtxAutoencoder.WIDTHS).reversed();
    List<Boolean> scaling =
        config.flags("decoder_spatio_temporal_scaling", LtxAutoencoder.SCALING).reversed();
    List<Integer> layers =
        config.integers("decoder_layers_per_block", LtxAutoencoder.LAYERS).reversed();
    List<Boolean> residual =
        config.flags("upsample_residual", List.of(false, false, false, false)).reversed();
    List<Integer> factors = config.integers("upsample_factor", List.of(1, 1, 1, 1)).reversed();
    if (config.flags("decoder_inject_noise", List.of()).contains(true)) {
      throw config.refused("decoder_inject_noise", "a decoder that draws noise is not implemented");
    }
    SourceText source =
        new SourceText()
            .add(
                timed ? TIMED_DECODER : DECODER,
                LtxAutoencoder.sizes(config, "decoder_causal", false));
    LtxAutoencoder.resnets(source, "MiddleResnets", layers.getFirst(), timed);
    List<String> blocks = new ArrayList<>();
    int width = widths.getFirst();
    for (int i = 0; i < widths.size(); i++) {
      int from = width / factors.get(i);
      width = widths.get(i) / factors.get(i);
      if (timed && from != width) {
        throw config.refused(
            "timestep_conditioning", "blocks that widen cannot be told the timestep");
      }
      boolean scaled = scaling.get(i);
      blocks.add("Up" + i);
      source.add(
          UP_HEAD
              + (from == width ? "" : "  conv_in : LtxWideningResnet\n")
              + (timed ? "  time_embedder : LtxTones\n" : "")
              + (scaled ? "  upsamplers : LtxUpsamplers\n" : "")
              + (timed ? UP_TIMED_FORWARD : UP_FORWARD)
              + (from == width ? "" : "    z = self.conv_in.forward(z, causal, {eps})\n")
              + (scaled ? "    z = self.upsamplers._0.forward(z, {times}, causal)\n" : "")
              + (timed ? UP_TIMED_END : UP_END),
          "i",
          i,
          "eps",
          eps,
          "times",
          residual.get(i) ? 8 / factors.get(i) : 0);
      LtxAutoencoder.resnets(source, "Up%sResnets".formatted(i), layers.get(i + 1), timed);
    }
    if (timed) {
      source.chain("UpBlocks", blocks, "timestep: Tensor", "causal: bool");
    } else {
      source.chain("UpBlocks", blocks, "causal: bool");
    }
    return new PublishedNetwork(
        source.text(), Map.of(), Pattern.compile("encoder\\..*|latents_(mean|std)"));
  }

  private static final String DECODER =
      LtxAutoencoder.HEAD
          + """
            class Network(Module):
              precision : int
              decoder : Decoder

              def forward(self, latent: Tensor) -> Tensor:
                z = self.decoder.forward(torch.transpose(torch.to(latent, self.precision), 1, 2), {causal})
                return torch.transpose(torch.to(ltx_places(z, {patch_t}, {patch}), 6), 1, 2)


            class Decoder(Module):
              conv_in : LtxConv
              mid_block : Middle
              up_blocks : UpBlocks
              conv_out : LtxConv

              def forward(self, z: Tensor, causal: bool) -> Tensor:
                z = self.mid_block.resnets.forward(self.conv_in.forward(z, [1, 1, 1], causal), causal)
                z = self.up_blocks.forward(z, causal)
                return self.conv_out.forward(torch.silu(ltx_normed(z)), [1, 1, 1], causal)


            class Middle(Module):
              resnets : MiddleResnets
            """;

  private static final String TIMED_DECODER =
      LtxAutoencoder.HEAD
          + """
            class Network(Module):
              precision : int
              decoder : Decoder

              def forward(self, latent: Tensor, timestep: Tensor) -> Tensor:
                z = torch.transpose(torch.to(latent, self.precision), 1, 2)
                z = self.decoder.forward(z, torch.flatten(timestep), {causal})
                return torch.transpose(torch.to(ltx_places(z, {patch_t}, {patch}), 6), 1, 2)


            class Decoder(Module):
              conv_in : LtxConv
              mid_block : Middle
              up_blocks : UpBlocks
              conv_out : LtxConv
              time_embedder : LtxTones
              scale_shift_table : Tensor            # [2, c]
              timestep_scale_multiplier : Tensor

              def forward(self, z: Tensor, timestep: Tensor, causal: bool) -> Tensor:
                t = timestep * torch.to(self.timestep_scale_multiplier, 6)
                z = self.mid_block.forward(self.conv_in.forward(z, [1, 1, 1], causal), t, causal)
                z = self.up_blocks.forward(z, t, causal)
                shift, scale = ltx_tuned(self.time_embedder.forward(t), self.scale_shift_table, z)
                z = ltx_normed(z) * (1 + scale) + shift
                return self.conv_out.forward(torch.silu(z), [1, 1, 1], causal)


            class Middle(Module):
              time_embedder : LtxTones
              resnets : MiddleResnets

              def forward(self, z: Tensor, timestep: Tensor, causal: bool) -> Tensor:
                return self.resnets.forward(z, self.time_embedder.forward(timestep), causal)
            """;

  private static final String UP_HEAD =
      """
      class Up{i}(Module):
        resnets : Up{i}Resnets
      """;

  private static final String UP_FORWARD =
      """

        def forward(self, z: Tensor, causal: bool) -> Tensor:
      """;

  private static final String UP_END = "    return self.resnets.forward(z, causal)\n";

  private static final String UP_TIMED_FORWARD =
      """

        def forward(self, z: Tensor, timestep: Tensor, causal: bool) -> Tensor:
      """;

  private static final String UP_TIMED_END =
      "    return self.resnets.forward(z, self.time_embedder.forward(timestep), causal)\n";
}
