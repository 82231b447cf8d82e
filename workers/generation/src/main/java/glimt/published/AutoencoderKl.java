package glimt.published;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The autoencoder of latent diffusion (Rombach et al. 2022), as diffusers' {@code AutoencoderKL}
 * publishes it, in its two halves.
 *
 * <p>The encoder takes {@code image} [B, 3, height, width] in [-1, 1] and answers {@code mean} and
 * {@code logvar} [B, c, height / 2^n, width / 2^n] of the latents' distribution. The decoder takes
 * {@code latent}, as the encoder makes it: scaling and shift are its caller's.
 */
final class AutoencoderKl {
  /** What its every group norm adds to the variance; no configuration says so. */
  private static final double EPS = 1e-6;

  private final SourceWriter writer = new SourceWriter();
  private final PublishedConfig config;
  private final List<Integer> widths;
  private final int layers;
  private final int groups;
  private final boolean attendsInTheMiddle;
  private final Resnets resnets;

  private AutoencoderKl(PublishedConfig config) {
    this.config = config;
    widths = config.integers("block_out_channels", List.of(64));
    layers = config.integer("layers_per_block", 1);
    groups = Resnets.groups(config);
    attendsInTheMiddle = config.flag("mid_block_add_attention", true);
    Activation act = Activation.of(config, "act_fn", "silu");
    resnets = new Resnets(writer, groups, EPS, act, Resnets.Time.ABSENT, false, 1);
    // The tensors have these sizes; pictures have any; latents are scaled outside, in float32.
    config.ignore("in_channels", "out_channels", "latent_channels", "sample_size", "force_upcast");
    config.ignore("scaling_factor", "shift_factor", "latents_mean", "latents_std");
    config.ignore("down_block_types", "up_block_types", "use_quant_conv", "use_post_quant_conv");
  }

  static PublishedNetwork encoder(PublishedConfig config, Set<String> tensors) {
    String source = new AutoencoderKl(config).encoder();
    return new PublishedNetwork(
        source,
        Attention2dNames.origins(source, tensors),
        Pattern.compile("(decoder|post_quant_conv)\\..*"));
  }

  static PublishedNetwork decoder(PublishedConfig config, Set<String> tensors) {
    String source = new AutoencoderKl(config).decoder();
    return new PublishedNetwork(
        source,
        Attention2dNames.origins(source, tensors),
        Pattern.compile("(encoder|quant_conv)\\..*"));
  }

  private String encoder() {
    List<String> types = types("down_block_types", "DownEncoderBlock2D");
    List<String> blocks = new ArrayList<>();
    int from = widths.getFirst();
    for (int i = 0; i < types.size(); i++) {
      String sampler = i < types.size() - 1 ? resnets.downsample(0) : "";
      boolean attended = attended("down_block_types", types.get(i), "DownEncoderBlock2D");
      blocks.add(
          block(types.get(i), layers, from, widths.get(i), attended, "downsamplers", sampler));
      from = widths.get(i);
    }
    SourceWriter.Module encoder =
        writer
            .module("Encoder", "")
            .has("conv_in", "Conv2d")
            .hasList("down_blocks", blocks)
            .has("mid_block", middle(from))
            .has("conv_norm_out", "GroupNorm")
            .has("conv_out", "BandedConv2d")
            .does("z = self.conv_in.forward(z, 1, 1)");
    for (int i = 0; i < blocks.size(); i++) {
      encoder.does("z = self.down_blocks._%s.forward(z)", i);
    }
    String type = ended(encoder.does("z = self.mid_block.forward(z)"));
    SourceWriter.Module root =
        writer.module("Network", "").has("precision", "int").has("encoder", type);
    root.does("z = self.encoder.forward(torch.to(image, self.precision))");
    if (config.flag("use_quant_conv", true)) {
      root.has("quant_conv", "Conv2d").does("z = self.quant_conv.forward(z, 1, 0)");
    }
    root.does("mean, logvar = torch.chunk(torch.to(z, 6), 2, 1)")
        .does("return {\"mean\": mean, \"logvar\": torch.clamp(logvar, -30., 20.)}")
        .forward("image: Tensor", "Dict[str, Tensor]");
    return writer.text(
        """
        The encoder of latent diffusion's autoencoder (Rombach et al. 2022).

          image [B, 3, height, width] in [-1, 1] -> mean and log-variance of the latents [B, c, h, w], float32
        """);
  }

  private String decoder() {
    List<String> types = types("up_block_types", "UpDecoderBlock2D");
    List<String> blocks = new ArrayList<>();
    int from = widths.getLast();
    for (int i = 0; i < types.size(); i++) {
      int to = widths.get(widths.size() - 1 - i);
      String sampler = i < types.size() - 1 ? resnets.upsample() : "";
      boolean attended = attended("up_block_types", types.get(i), "UpDecoderBlock2D");
      blocks.add(block(types.get(i), layers + 1, from, to, attended, "upsamplers", sampler));
      from = to;
    }
    SourceWriter.Module decoder =
        writer
            .module("Decoder", "")
            .has("conv_in", "Conv2d")
            .has("mid_block", middle(widths.getLast()))
            .hasList("up_blocks", blocks)
            .has("conv_norm_out", "GroupNorm")
            .has("conv_out", "BandedConv2d")
            .does("z = self.mid_block.forward(self.conv_in.forward(z, 1, 1))");
    for (int i = 0; i < blocks.size(); i++) {
      decoder.does("z = self.up_blocks._%s.forward(z)", i);
    }
    String type = ended(decoder);
    SourceWriter.Module root = writer.module("Network", "").has("precision", "int");
    root.does("z = torch.to(latent, self.precision)")
        .does("if torch.dim(z) == 5: # a clip, whose frames are pictures")
        .does("  z = torch.flatten(z, 0, 1)");
    if (config.flag("use_post_quant_conv", true)) {
      root.has("post_quant_conv", "Conv2d").does("z = self.post_quant_conv.forward(z, 1, 0)");
    }
    root.has("decoder", type)
        // Picture by picture, so that memory is needed for one only.
        .does("pictures = annotate(List[Tensor], [])")
        .does("for i in range(torch.size(z, 0)):")
        .does("  one = self.decoder.forward(torch.narrow(z, 0, i, 1))")
        .does("  torch.append(pictures, torch.to(one, 6))")
        .does("z = torch.cat(pictures, 0)")
        .does("if torch.dim(latent) == 5:")
        .does("  z = torch.unflatten(z, 0, [-1, torch.size(latent, 1)])")
        .does("return z")
        .forward("latent: Tensor", "Tensor");
    return writer.text(
        """
        The decoder of latent diffusion's autoencoder (Rombach et al. 2022).

          latent [B, c, h, w] float32 -> [B, 3, height, width] float32, about in [-1, 1]
          latent [B, frames, c, h, w] -> [B, frames, 3, height, width], each frame by itself
        """);
  }

  private List<String> types(String key, String plain) {
    List<String> types = config.texts(key, Collections.nCopies(1, plain));
    if (types.size() != widths.size()) {
      throw config.refused(key, "block_out_channels has %s entries".formatted(widths.size()));
    }
    return types;
  }

  /** Whether blocks of a type attend after each residual block. */
  private boolean attended(String key, String type, String plain) {
    String attended = "Attn" + plain;
    if (!type.equals(plain) && !type.equals(attended)) {
      throw config.refused(key, "only %s and %s are implemented".formatted(plain, attended));
    }
    return type.equals(attended);
  }

  private String block(
      String type, int count, int from, int to, boolean attended, String samplers, String sampler) {
    SourceWriter.Module block = writer.module(type, "");
    if (attended) {
      block.hasList("attentions", Collections.nCopies(count, "Attention2d"));
    }
    block.hasList("resnets", resnets.blocks(count, from, to));
    block.hasList(samplers, sampler.isEmpty() ? List.of() : List.of(sampler));
    for (int i = 0; i < count; i++) {
      block.does("z = self.resnets._%s.forward(z)", i);
      if (attended) {
        block.does(attends("self.attentions._" + i));
      }
    }
    block.does(sampler.isEmpty() ? "return z" : "return self.%s._0.forward(z)".formatted(samplers));
    return block.forward("z: Tensor", "Tensor");
  }

  /** One head over all channels, between two residual blocks. */
  private String middle(int width) {
    SourceWriter.Module block = writer.module("UNetMidBlock2D", "");
    if (attendsInTheMiddle) {
      block.hasList("attentions", List.of("Attention2d"));
    }
    block
        .hasList("resnets", resnets.blocks(2, width, width))
        .does("z = self.resnets._0.forward(z)");
    if (attendsInTheMiddle) {
      block.does(attends("self.attentions._0"));
    }
    return block.does("return self.resnets._1.forward(z)").forward("z: Tensor", "Tensor");
  }

  private String attends(String attention) {
    return "z = %s.forward(z, %s, %s, 1, 1.)"
        .formatted(attention, groups, SourceWriter.number(EPS));
  }

  private String ended(SourceWriter.Module part) {
    // The last activation is SiLU, whatever the others are.
    return part.does("return " + resnets.convolved("conv_norm_out", "conv_out", "z", false))
        .forward("z: Tensor", "Tensor");
  }
}
