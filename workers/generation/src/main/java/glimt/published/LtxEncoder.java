package glimt.published;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The encoder of LTX-Video's codec. It takes {@code image} [B, frames, 3, height, width] in [-1, 1]
 * and answers {@code mean} and {@code logvar}, [B, latent frames, latent_channels, h, w], all
 * float32.
 */
final class LtxEncoder {
  private static final String DOWN = "LTXVideoDownBlock3D";
  private static final String DOWN_095 = "LTXVideo095DownBlock3D";
  private static final Map<String, String> STRIDES =
      Map.of(
          "conv", "[2, 2, 2]",
          "spatial", "[1, 2, 2]",
          "temporal", "[2, 1, 1]",
          "spatiotemporal", "[2, 2, 2]");

  private LtxEncoder() {}

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    config.ignore(
        "decoder_block_out_channels",
        "decoder_layers_per_block",
        "decoder_spatio_temporal_scaling",
        "decoder_inject_noise",
        "decoder_causal",
        "upsample_residual",
        "upsample_factor",
        "timestep_conditioning");
    double eps = LtxAutoencoder.eps(config);
    List<Integer> widths = config.integers("block_out_channels", LtxAutoencoder.WIDTHS);
    List<Boolean> scaling = config.flags("spatio_temporal_scaling", LtxAutoencoder.SCALING);
    List<Integer> layers = config.integers("layers_per_block", LtxAutoencoder.LAYERS);
    List<String> types = config.texts("down_block_types", List.of(DOWN, DOWN, DOWN, DOWN));
    List<String> samplers =
        config.texts("downsample_type", List.of("conv", "conv", "conv", "conv"));
    // The later encoders' blocks widen as they shrink, the first one's end with a wider resnet.
    boolean later = types.getLast().equals(DOWN_095);
    int count = widths.size() - (later ? 1 : 0);
    SourceText source =
        new SourceText().add(ENCODER, LtxAutoencoder.sizes(config, "encoder_causal", true));
    List<String> blocks = new ArrayList<>();
    int from = widths.getFirst();
    for (int i = 0; i < count; i++) {
      int to = i + 1 < widths.size() ? widths.get(i + 1) : widths.get(i);
      if (!types.get(i).equals(DOWN) && !types.get(i).equals(DOWN_095)) {
        throw config.refused("down_block_types", "blocks are %s and %s".formatted(DOWN, DOWN_095));
      }
      String sampler = types.get(i).equals(DOWN) ? "conv" : samplers.get(i);
      String stride = STRIDES.get(sampler);
      if (stride == null) {
        throw config.refused("downsample_type", "samplers are " + STRIDES.keySet());
      }
      boolean widens = types.get(i).equals(DOWN) && from != to;
      blocks.add("Down" + i);
      source.add(
          (DOWN_HEAD
              + (scaling.get(i) ? DOWN_SAMPLER_ATTRIBUTE : "")
              + (widens ? "  conv_out : LtxWideningResnet\n" : "")
              + DOWN_FORWARD
              + (scaling.get(i) ? DOWN_SAMPLER_CALL : "")
              + (widens ? "    z = self.conv_out.forward(z, causal, {eps})\n" : "")
              + "    return z\n"
              + (scaling.get(i) ? DOWN_SAMPLERS : "")),
          "i",
          i,
          "eps",
          eps,
          "stride",
          stride,
          "sampler",
          sampler.equals("conv") ? "LtxConv" : "LtxDownsampler");
      LtxAutoencoder.resnets(source, "Down%sResnets".formatted(i), layers.get(i), false);
      from = to;
    }
    source.chain("DownBlocks", blocks, "causal: bool");
    LtxAutoencoder.resnets(source, "MiddleResnets", layers.getLast(), false);
    return new PublishedNetwork(
        source.text(), Map.of(), Pattern.compile("decoder\\..*|latents_(mean|std)"));
  }

  private static final String ENCODER =
      LtxAutoencoder.HEAD
          + """
            class Network(Module):
              precision : int
              encoder : Encoder

              # One variance serves all channels of a place.
              def forward(self, image: Tensor) -> Dict[str, Tensor]:
                clip = torch.transpose(torch.to(image, self.precision), 1, 2)
                z = self.encoder.forward(ltx_patches(clip, {patch_t}, {patch}), {causal})
                z = torch.transpose(torch.to(z, 6), 1, 2)
                channels = torch.size(z, 2) - 1
                mean = torch.narrow(z, 2, 0, channels)
                logvar = torch.repeat(torch.narrow(z, 2, channels, 1), [1, 1, channels, 1, 1])
                return {"mean": mean, "logvar": torch.clamp(logvar, -30., 20.)}


            class Encoder(Module):
              conv_in : LtxConv
              down_blocks : DownBlocks
              mid_block : Middle
              conv_out : LtxConv

              def forward(self, z: Tensor, causal: bool) -> Tensor:
                z = self.down_blocks.forward(self.conv_in.forward(z, [1, 1, 1], causal), causal)
                z = self.mid_block.resnets.forward(z, causal)
                return self.conv_out.forward(torch.silu(ltx_normed(z)), [1, 1, 1], causal)


            class Middle(Module):
              resnets : MiddleResnets
            """;

  private static final String DOWN_HEAD =
      """
      class Down{i}(Module):
        resnets : Down{i}Resnets
      """;

  private static final String DOWN_SAMPLER_ATTRIBUTE = "  downsamplers : Down{i}Samplers\n";

  private static final String DOWN_FORWARD =
      """

        def forward(self, z: Tensor, causal: bool) -> Tensor:
          z = self.resnets.forward(z, causal)
      """;

  private static final String DOWN_SAMPLER_CALL =
      "    z = self.downsamplers._0.forward(z, {stride}, causal)\n";

  private static final String DOWN_SAMPLERS =
      """


      class Down{i}Samplers(Module):
        _0 : {sampler}
      """;
}
