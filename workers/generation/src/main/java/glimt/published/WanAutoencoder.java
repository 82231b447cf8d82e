package glimt.published;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The causal video codec of Wan 2.1 and that of the 5B model of 2.2 (Wan Team 2025,
 * arXiv:2503.20314). 1 + 4n frames are 1 + n latent ones.
 *
 * <p>The encoder takes {@code image} [B, frames, 3, height, width] in [-1, 1] and answers {@code
 * mean} and {@code logvar}, [B, latent frames, z_dim, h, w]; the decoder takes such a {@code
 * latent} and answers a clip. All are float32. Latents are as the codec has them: what diffuses is
 * (latent - latents_mean) / latents_std.
 */
final class WanAutoencoder {
  /** By which the latents of Wan 2.1 are normalised, where a configuration does not say. */
  static final List<Double> MEANS =
      List.of(
          -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715,
          0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921);

  static final List<Double> DEVIATIONS =
      List.of(
          2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652,
          1.5579, 1.6382, 1.1253, 2.8251, 1.9160);

  private static final String[] STEP = {"past: List[Tensor]", "first: bool"};

  private final boolean residual;
  private final int resnets;
  private final List<Integer> multiples;
  private final List<Boolean> slower;
  private final int width;
  private final int decoderWidth;
  private final int patch;

  private WanAutoencoder(PublishedConfig config) {
    // Sizes that the tensors have, and what callers do with latents.
    config.ignore(
        "z_dim",
        "in_channels",
        "out_channels",
        "dropout",
        "latents_mean",
        "latents_std",
        "scale_factor_temporal",
        "scale_factor_spatial");
    config.only("attn_scales", List.of()); // with others the field's own encoder fails
    residual = config.flag("is_residual", false);
    resnets = config.integer("num_res_blocks", 2);
    multiples = config.integers("dim_mult", List.of(1, 2, 4, 4));
    slower = config.flags("temperal_downsample", List.of(false, true, true));
    width = config.integer("base_dim", 96);
    decoderWidth = config.integer("decoder_base_dim", width);
    patch = config.integer("patch_size", 1);
    if (slower.size() < multiples.size() - 1) {
      throw config.refused("temperal_downsample", "it must say it of each level but the last");
    }
  }

  static PublishedNetwork encode(PublishedConfig config, Set<String> tensors) {
    return new WanAutoencoder(config).encoder();
  }

  static PublishedNetwork decode(PublishedConfig config, Set<String> tensors) {
    return new WanAutoencoder(config).decoder();
  }

  private int last() {
    return multiples.size() - 1;
  }

  /** The resnets of a level: only the first may change the number of channels. */
  private static List<String> resnets(int count, int from, int to) {
    List<String> types = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      types.add(i == 0 && from != to ? "WanWideningResnet" : "WanResnet");
    }
    return types;
  }

  // ---- the encoder

  private PublishedNetwork encoder() {
    SourceText source = new SourceText().add(HEAD).add(ENCODER, "patched", patched());
    List<String> blocks = new ArrayList<>();
    int from = width;
    for (int i = 0; i <= last(); i++) {
      int to = width * multiples.get(i);
      List<String> layers = resnets(resnets, from, to);
      String sampler = i == last() ? "" : slower.get(i) ? "WanDownsample3d" : "WanDownsample2d";
      if (residual) {
        blocks.add("Down" + i);
        source
            .add(
                sampler.isEmpty() ? LAST_RESIDUAL_DOWN : RESIDUAL_DOWN,
                "i",
                i,
                "sampler",
                sampler,
                "m",
                to,
                "frames",
                i < last() && slower.get(i) ? 2 : 1)
            .chain("Down%sResnets".formatted(i), layers, STEP);
      } else {
        blocks.addAll(layers);
        if (!sampler.isEmpty()) {
          blocks.add(sampler);
        }
      }
      from = to;
    }
    source.chain("DownBlocks", blocks, STEP);
    return new PublishedNetwork(
        source.text(), Map.of(), Pattern.compile("(decoder|post_quant_conv)\\..*"));
  }

  private String patched() {
    return patch == 1 ? "clip" : "wan_patches(clip, %s)".formatted(patch);
  }

  // ---- the decoder

  private PublishedNetwork decoder() {
    SourceText source =
        new SourceText()
            .add(HEAD)
            .add(DECODER, "clip", patch == 1 ? "z" : "wan_places(z, %s)".formatted(patch));
    List<String> blocks = new ArrayList<>();
    int from = decoderWidth * multiples.get(last());
    for (int i = 0; i <= last(); i++) {
      int to = decoderWidth * multiples.get(last() - i);
      // Up-sampling halves the channels, but not where a shortcut goes past it.
      List<String> layers = resnets(resnets + 1, i > 0 && !residual ? from / 2 : from, to);
      boolean faster = i < last() && slower.get(slower.size() - 1 - i);
      blocks.add("Up" + i);
      source
          .add(
              i == last() ? LAST_UP : residual ? RESIDUAL_UP : UP,
              "i",
              i,
              "sampler",
              faster ? "WanUpsample3d" : "WanUpsample2d",
              "m",
              to,
              "frames",
              faster ? 2 : 1)
          .chain("Up%sResnets".formatted(i), layers, STEP);
      from = to;
    }
    source.chain("UpBlocks", blocks, STEP);
    return new PublishedNetwork(
        source.text(), Map.of(), Pattern.compile("(encoder|quant_conv)\\..*"));
  }

  // ---- their text

  private static final String HEAD =
      """
      # Wan's causal video codec, one way. Clips are [B, frames, channels, height, width] float32 at its ports.

      from blocks.convolution import Conv3d
      from blocks.wan_codec import WanCausalConv, WanDownsample2d, WanDownsample3d, WanMiddle, WanNorm, WanResnet
      from blocks.wan_codec import WanUpsample2d, WanUpsample3d, WanWideningResnet
      from blocks.wan_codec import wan_averaged, wan_patches, wan_places, wan_repeated
      """;

  private static final String ENCODER =
      """
      class Network(Module):
        precision : int
        encoder : Encoder
        quant_conv : Conv3d

        # The first frame alone, then four at a time.
        def forward(self, image: Tensor) -> Dict[str, Tensor]:
          clip = torch.transpose(torch.to(image, self.precision), 1, 2)
          z = {patched}
          past = annotate(List[Tensor], [])
          chunks = [self.encoder.forward(torch.narrow(z, 2, 0, 1), past, True)]
          for i in range((torch.size(z, 2) - 1) // 4):
            chunk = torch.narrow(z, 2, 1 + 4 * i, 4)
            torch.append(chunks, self.encoder.forward(chunk, past, False))
          latent = self.quant_conv.forward(torch.cat(chunks, 2), [1, 1, 1], [0, 0, 0])
          mean, logvar = torch.chunk(torch.transpose(torch.to(latent, 6), 1, 2), 2, 2)
          return {"mean": mean, "logvar": torch.clamp(logvar, -30., 20.)}


      class Encoder(Module):
        conv_in : WanCausalConv
        down_blocks : DownBlocks
        mid_block : WanMiddle
        norm_out : WanNorm
        conv_out : WanCausalConv

        def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
          z = self.down_blocks.forward(self.conv_in.forward(z, past, first), past, first)
          z = self.mid_block.forward(z, past, first)
          return self.conv_out.forward(torch.silu(self.norm_out.forward(z)), past, first)
      """;

  private static final String RESIDUAL_DOWN =
      """
      class Down{i}(Module):
        resnets : Down{i}Resnets
        downsampler : {sampler}

        def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
          h = self.downsampler.forward(self.resnets.forward(z, past, first), past, first)
          return h + wan_averaged(z, {m}, {frames}, 2)
      """;

  private static final String LAST_RESIDUAL_DOWN =
      """
      class Down{i}(Module):
        resnets : Down{i}Resnets

        def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
          return self.resnets.forward(z, past, first) + wan_averaged(z, {m}, 1, 1)
      """;

  private static final String DECODER =
      """
      class Network(Module):
        precision : int
        post_quant_conv : Conv3d
        decoder : Decoder

        # One latent frame at a time.
        def forward(self, latent: Tensor) -> Tensor:
          clip = torch.transpose(torch.to(latent, self.precision), 1, 2)
          z = self.post_quant_conv.forward(clip, [1, 1, 1], [0, 0, 0])
          past = annotate(List[Tensor], [])
          chunks = annotate(List[Tensor], [])
          for i in range(torch.size(z, 2)):
            torch.append(chunks, self.decoder.forward(torch.narrow(z, 2, i, 1), past, i == 0))
          z = torch.cat(chunks, 2)
          return torch.transpose(torch.to(torch.clamp({clip}, -1., 1.), 6), 1, 2)


      class Decoder(Module):
        conv_in : WanCausalConv
        mid_block : WanMiddle
        up_blocks : UpBlocks
        norm_out : WanNorm
        conv_out : WanCausalConv

        def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
          z = self.mid_block.forward(self.conv_in.forward(z, past, first), past, first)
          z = self.up_blocks.forward(z, past, first)
          return self.conv_out.forward(torch.silu(self.norm_out.forward(z)), past, first)
      """;

  private static final String UP =
      """
      class Up{i}(Module):
        resnets : Up{i}Resnets
        upsamplers : Up{i}Samplers

        def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
          return self.upsamplers._0.forward(self.resnets.forward(z, past, first), past, first)


      class Up{i}Samplers(Module):
        _0 : {sampler}
      """;

  private static final String RESIDUAL_UP =
      """
      class Up{i}(Module):
        resnets : Up{i}Resnets
        upsampler : {sampler}

        def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
          h = self.upsampler.forward(self.resnets.forward(z, past, first), past, first)
          return h + wan_repeated(z, {m}, {frames}, 2, first)
      """;

  private static final String LAST_UP =
      """
      class Up{i}(Module):
        resnets : Up{i}Resnets

        def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
          return self.resnets.forward(z, past, first)
      """;
}
