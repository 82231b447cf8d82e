package glimt.published;

import static glimt.published.SourceWriter.number;

import glimt.published.UnetBlocks.Attending;
import glimt.published.UnetBlocks.Block;
import glimt.published.UnetBlocks.OverTime;
import glimt.published.UnetBlocks.Resizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The U-Net of ModelScope's text-to-video (Wang et al. 2023) and Zeroscope, as diffusers' {@code
 * UNet3DConditionModel} publishes it: Stable Diffusion's U-Net on every frame, with layers over
 * time between its own.
 *
 * <p>Ports {@code x} [B, frames, c, height, width], {@code noise} [B], the timestep, and {@code
 * encoder_hidden_states} [B, tokens, d]; {@code timestep_cond} where the configuration wants it.
 */
final class Unet3dCondition {
  /** Of the transformer before the blocks, whatever its width. */
  private static final int FIRST_HEADS = 8;

  private final PublishedConfig config;
  private final SourceWriter writer = new SourceWriter();
  private final List<Integer> widths;
  private final int layers;
  private final int head;
  private final int groups;
  private final Resnets resnets;
  private final CrossAttentions cross;

  private Unet3dCondition(PublishedConfig config) {
    this.config = config;
    widths = config.integers("block_out_channels", List.of(320, 640, 1280, 1280));
    layers = config.integer("layers_per_block", 2);
    head = config.integer("attention_head_dim", 64);
    groups = Resnets.groups(config);
    resnets =
        new Resnets(
            writer,
            groups,
            config.number("norm_eps", 1e-5),
            Activation.of(config, "act_fn", "silu"),
            Resnets.Time.ADDED,
            false,
            1);
    cross = new CrossAttentions(writer, groups);
    config.only("num_attention_heads", null); // diffusers refuses it as well
    config.ignore("in_channels", "out_channels", "cross_attention_dim", "sample_size");
  }

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    String source = new Unet3dCondition(config).source();
    return new PublishedNetwork(
        source, Attention2dNames.origins(source, tensors), PublishedNetwork.NONE);
  }

  private String source() {
    List<Block> down = down();
    Block middle = middle();
    List<Block> up = up();
    SourceWriter.Module root = writer.module("Network", "").has("precision", "int");
    List<String> ports = new ArrayList<>(List.of("x", "noise", "encoder_hidden_states"));
    new UnetEmbeddings(config, writer, root, ports, widths.getFirst()).time(resnets.act(), false);
    root.does("frames = torch.size(x, 1)")
        .does("time = torch.repeat_interleave(time, frames, 0)")
        .does("text = torch.to(encoder_hidden_states, self.precision)")
        .does("text = torch.repeat_interleave(text, frames, 0)")
        .does("z = torch.flatten(torch.to(x, self.precision), 0, 1)")
        .has("conv_in", "Conv2d")
        .does("z = self.conv_in.forward(z, 1, 1)")
        .has("transformer_in", "TransformerTemporal")
        .does("z = self.transformer_in.forward(z, frames, %s, %s)", groups, FIRST_HEADS)
        .does("skips = [z]");
    UnetBlocks.call(root, "down_blocks", down);
    root.has("mid_block", middle.type())
        .does("z = self.mid_block.forward(z%s)", middle.arguments());
    UnetBlocks.call(root, "up_blocks", up);
    root.has("conv_norm_out", "GroupNorm")
        .has("conv_out", "Conv2d")
        .does("z = self.conv_norm_out.forward(z, %s, %s)", groups, number(resnets.eps()))
        .does("z = self.conv_out.forward(torch.silu(z), 1, 1)")
        .does("return torch.to(torch.unflatten(z, 0, [-1, frames]), 6)")
        .forward(
            ports.stream().map(port -> port + ": Tensor").collect(Collectors.joining(", ")),
            "Tensor");
    return writer.text(
        """
        A U-Net for clips that looks at a text (ModelScope's text-to-video, Wang et al. 2023).

          x [B, frames, c, height, width], noise [B] the timestep, encoder_hidden_states [B, tokens, d]
            -> [B, frames, c, height, width]
        """);
  }

  private List<Block> down() {
    int padding = config.integer("downsample_padding", 1);
    List<String> types =
        types(
            "down_block_types",
            "CrossAttnDownBlock3D",
            "CrossAttnDownBlock3D",
            "CrossAttnDownBlock3D",
            "DownBlock3D");
    List<Block> blocks = new ArrayList<>();
    int from = widths.getFirst();
    for (int i = 0; i < types.size(); i++) {
      int to = widths.get(i);
      String name = types.get(i);
      Attending attending =
          switch (name) {
            case "DownBlock3D" -> Attending.NONE.of(clips(to));
            case "CrossAttnDownBlock3D" -> attending(layers, to);
            default -> throw config.refused("down_block_types", name + " is not implemented");
          };
      Resizer sampler = i == types.size() - 1 ? Resizer.NONE : UnetBlocks.halved(resnets, padding);
      blocks.add(UnetBlocks.down(resnets, name, layers, from, to, attending, sampler));
      from = to;
    }
    return blocks;
  }

  private Block middle() {
    int width = widths.getLast();
    return UnetBlocks.middle(
        resnets.with(false, config.number("mid_block_scale_factor", 1)),
        "UNetMidBlock3DCrossAttn",
        width,
        attending(1, width));
  }

  private List<Block> up() {
    List<String> types =
        types(
            "up_block_types",
            "UpBlock3D",
            "CrossAttnUpBlock3D",
            "CrossAttnUpBlock3D",
            "CrossAttnUpBlock3D");
    List<Block> blocks = new ArrayList<>();
    int before = widths.getLast();
    for (int i = 0; i < types.size(); i++) {
      int mirrored = types.size() - 1 - i;
      int to = widths.get(mirrored);
      int below = widths.get(Math.max(0, mirrored - 1));
      String name = types.get(i);
      Attending attending =
          switch (name) {
            case "UpBlock3D" -> Attending.NONE.of(clips(to));
            case "CrossAttnUpBlock3D" -> attending(layers + 1, to);
            default -> throw config.refused("up_block_types", name + " is not implemented");
          };
      Resizer sampler = i == types.size() - 1 ? Resizer.NONE : UnetBlocks.enlarged(resnets);
      blocks.add(UnetBlocks.up(resnets, name, layers + 1, before, to, below, attending, sampler));
      before = to;
    }
    return blocks;
  }

  private OverTime clips(int width) {
    return new OverTime(groups, width / head);
  }

  private Attending attending(int count, int width) {
    String transformer = cross.transformer(1, width / head, false);
    return Attending.text(Collections.nCopies(count, transformer)).of(clips(width));
  }

  private List<String> types(String key, String... otherwise) {
    List<String> types = config.texts(key, List.of(otherwise));
    if (types.size() != widths.size()) {
      throw config.refused(key, "block_out_channels has %s entries".formatted(widths.size()));
    }
    return types;
  }
}
