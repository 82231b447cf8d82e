package glimt.published;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The codec of LTX-Video, 0.9.0 to 0.9.8 (HaCohen et al. 2024, arXiv:2501.00103).
 *
 * <p>The encoder takes {@code image} [B, frames, 3, height, width] in [-1, 1] and answers {@code
 * mean} and {@code logvar}, [B, latent frames, latent_channels, h, w]. The decoder takes such a
 * {@code latent} and, with {@code timestep_conditioning}, {@code timestep} [B], the share of noise
 * that is left in it; it answers a clip. All are float32. Latents are as the codec has them: what
 * diffuses is normalised by the tensors {@code latents_mean} and {@code latents_std} of the file.
 */
final class LtxAutoencoder {
  private static final List<Boolean> SCALING = List.of(true, true, true, false);
  private static final List<Integer> WIDTHS = List.of(128, 256, 512, 512);
  private static final List<Integer> LAYERS = List.of(4, 3, 3, 3, 4);
  private static final String DOWN = "LTXVideoDownBlock3D";
  private static final String DOWN_095 = "LTXVideo095DownBlock3D";
  private static final Map<String, String> STRIDES =
      Map.of(
          "conv", "[2, 2, 2]",
          "spatial", "[1, 2, 2]",
          "temporal", "[2, 1, 1]",
          "spatiotemporal", "[2, 2, 2]");

  private final PublishedConfig config;
  private final int patch;
  private final int patchTime;
  private final double eps;

  private LtxAutoencoder(PublishedConfig config) {
    this.config = config;
    config.ignore( // sizes that the tensors have, and what callers do with latents
        "in_channels",
        "out_channels",
        "latent_channels",
        "scaling_factor",
        "spatial_compression_ratio",
        "temporal_compression_ratio");
    patch = config.integer("patch_size", 4);
    patchTime = config.integer("patch_size_t", 1);
    eps = config.number("resnet_norm_eps", 1e-6);
  }

  static PublishedNetwork encode(PublishedConfig config, Set<String> tensors) {
    config.ignore(
        "decoder_block_out_channels",
        "decoder_layers_per_block",
        "decoder_spatio_temporal_scaling",
        "decoder_inject_noise",
        "decoder_causal",
        "upsample_residual",
        "upsample_factor",
        "timestep_conditioning");
    return new LtxAutoencoder(config).encoder();
  }

  static PublishedNetwork decode(PublishedConfig config, Set<String> tensors) {
    config.ignore(
        "block_out_channels",
        "down_block_types",
        "downsample_type",
        "layers_per_block",
        "spatio_temporal_scaling",
        "encoder_causal");
    return new LtxAutoencoder(config).decoder();
  }

  // ---- the encoder

  private PublishedNetwork encoder() {
    List<Integer> widths = config.integers("block_out_channels", WIDTHS);
    List<Boolean> scaling = config.flags("spatio_temporal_scaling", SCALING);
    List<Integer> layers = config.integers("layers_per_block", LAYERS);
    List<String> types = config.texts("down_block_types", List.of(DOWN, DOWN, DOWN, DOWN));
    List<String> samplers =
        config.texts("downsample_type", List.of("conv", "conv", "conv", "conv"));
    // The later encoders' blocks widen as they shrink, the first one's end with a wider resnet.
    boolean later = types.getLast().equals(DOWN_095);
    int count = widths.size() - (later ? 1 : 0);
    SourceText source = new SourceText().add(ENCODER, common("encoder_causal", true));
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
          "i", i,
          "eps", eps,
          "stride", stride,
          "sampler", sampler.equals("conv") ? "LtxConv" : "LtxDownsampler");
      resnets(source, "Down%sResnets".formatted(i), layers.get(i), false);
      from = to;
    }
    source.chain("DownBlocks", blocks, "causal: bool");
    resnets(source, "MiddleResnets", layers.getLast(), false);
    return new PublishedNetwork(
        source.text(), Map.of(), Pattern.compile("decoder\\..*|latents_(mean|std)"));
  }

  private Object[] common(String causal, boolean otherwise) {
    return new Object[] {
      "patch", patch, "patch_t", patchTime, "causal", config.flag(causal, otherwise) ? "True" : "False"
    };
  }

  private static void resnets(SourceText source, String name, int count, boolean timed) {
    if (timed) {
      source.chain(
          name, Collections.nCopies(count, "LtxTimedResnet"), "tones: Tensor", "causal: bool");
    } else {
      source.chain(name, Collections.nCopies(count, "LtxResnet"), "causal: bool");
    }
  }

  // ---- the decoder

  private PublishedNetwork decoder() {
    boolean timed = config.flag("timestep_conditioning", false);
    List<Integer> widths = config.integers("decoder_block_out_channels", WIDTHS).reversed();
    List<Boolean> scaling = config.flags("decoder_spatio_temporal_scaling", SCALING).reversed();
    List<Integer> layers = config.integers("decoder_layers_per_block", LAYERS).reversed();
    List<Boolean> residual =
        config.flags("upsample_residual", List.of(false, false, false, false)).reversed();
    List<Integer> factors = config.integers("upsample_factor", List.of(1, 1, 1, 1)).reversed();
    if (config.flags("decoder_inject_noise", List.of()).contains(true)) {
      throw config.refused("decoder_inject_noise", "a decoder that draws noise is not implemented");
    }
    SourceText source =
        new SourceText().add(timed ? TIMED_DECODER : DECODER, common("decoder_causal", false));
    resnets(source, "MiddleResnets", layers.getFirst(), timed);
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
          "i", i,
          "eps", eps,
          "times", residual.get(i) ? 8 / factors.get(i) : 0);
      resnets(source, "Up%sResnets".formatted(i), layers.get(i + 1), timed);
    }
    if (timed) {
      source.chain("UpBlocks", blocks, "timestep: Tensor", "causal: bool");
    } else {
      source.chain("UpBlocks", blocks, "causal: bool");
    }
    return new PublishedNetwork(
        source.text(), Map.of(), Pattern.compile("encoder\\..*|latents_(mean|std)"));
  }

  // ---- their text

  private static final String HEAD =
      """
      # LTX-Video's codec, one way. Clips are [B, frames, channels, height, width] float32 at its ports.

      from blocks.ltx_codec import LtxConv, LtxDownsampler, LtxResnet, LtxTimedResnet, LtxTones, LtxUpsamplers
      from blocks.ltx_codec import LtxWideningResnet, ltx_normed, ltx_patches, ltx_places, ltx_tuned


      """;

  private static final String ENCODER =
      HEAD
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

  private static final String DECODER =
      HEAD
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
      HEAD
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
              timestep_scale_multiplier : Tensor    # []

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
