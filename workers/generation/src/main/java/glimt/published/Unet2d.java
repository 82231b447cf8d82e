package glimt.published;

import glimt.published.UnetBlocks.Attending;
import glimt.published.UnetBlocks.Block;
import glimt.published.UnetBlocks.Resizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The U-Net of models without a prompt (Ho et al. 2020; Song et al. 2021), as diffusers' {@code
 * UNet2DModel} publishes it.
 *
 * <p>Ports {@code x} [B, c, height, width], {@code noise} [B], the timestep, and {@code
 * class_labels} where the configuration has classes.
 */
final class Unet2d {
  private static final List<String> CLASSES = List.of("timestep", "identity");
  private static final Activation SILU = new Activation("torch.silu(%s)");

  private final PublishedConfig config;
  private final SourceWriter writer = new SourceWriter();
  private final List<Integer> widths;
  private final int layers;
  private final int groups;
  private final double eps;
  private final int headSize;
  private final Resnets resnets;

  private Unet2d(PublishedConfig config) {
    this.config = config;
    widths = config.integers("block_out_channels", List.of(224, 448, 672, 896));
    layers = config.integer("layers_per_block", 2);
    groups = Resnets.groups(config);
    eps = config.number("norm_eps", 1e-5);
    // Null is one head over all channels, and no key is heads of 8.
    headSize = config.isNull("attention_head_dim") ? 0 : config.integer("attention_head_dim", 8);
    Activation act = Activation.of(config, "act_fn", "silu");
    resnets = new Resnets(writer, groups, eps, act, Resnets.Time.of(config), false, 1);
    // The tensors have these sizes, and pictures have any.
    config.ignore("in_channels", "out_channels", "time_embedding_dim", "sample_size", "dropout");
    config.ignore("num_train_timesteps");
  }

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    String source = new Unet2d(config).source();
    return new PublishedNetwork(
        source, Attention2dNames.origins(source, tensors), PublishedNetwork.NONE);
  }

  private String source() {
    List<Block> down = down();
    List<Block> middle = middle();
    List<Block> up = up();
    SourceWriter.Module root = writer.module("Network", "").has("precision", "int");
    List<String> ports = new ArrayList<>(List.of("x", "noise"));
    UnetEmbeddings embeddings = new UnetEmbeddings(config, writer, root, ports, widths.getFirst());
    embeddings.time(SILU, true);
    embeddings.labels(CLASSES, SILU, false);
    root.does("z = torch.to(x, self.precision)");
    if (config.flag("center_input_sample", false)) {
      root.does("z = 2 * z - 1");
    }
    root.has("conv_in", "Conv2d").does("z = self.conv_in.forward(z, 1, 1)").does("skips = [z]");
    UnetBlocks.call(root, "down_blocks", down);
    for (Block block : middle) {
      root.has("mid_block", block.type())
          .does("z = self.mid_block.forward(z%s)", block.arguments());
    }
    UnetBlocks.call(root, "up_blocks", up);
    root.has("conv_norm_out", "GroupNorm")
        .has("conv_out", "Conv2d")
        .does(
            "z = torch.silu(self.conv_norm_out.forward(z, %s, %s))",
            groups, SourceWriter.number(eps))
        .does("z = torch.to(self.conv_out.forward(z, 1, 1), 6)");
    // Where frequencies are learnt, the timestep is the noise's standard deviation.
    boolean scored = config.text("time_embedding_type", "positional").equals("fourier");
    root.does(scored ? "return z / torch.reshape(noise, [-1, 1, 1, 1])" : "return z")
        .forward(UnetBlocks.parameters(ports), "Tensor");
    return writer.text(
        """
        A U-Net without a prompt (Ho et al. 2020).

          x [B, c, height, width], noise [B] the timestep -> [B, c, height, width]
        """);
  }

  private List<Block> down() {
    int padding = config.integer("downsample_padding", 1);
    boolean byResnet = byResnet("downsample_type");
    List<String> types =
        types(
            "down_block_types",
            List.of("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"));
    List<Block> blocks = new ArrayList<>();
    int from = widths.getFirst();
    for (int i = 0; i < types.size(); i++) {
      int to = widths.get(i);
      String name = types.get(i).replaceFirst("^UNetRes", "");
      boolean attends = name.equals("AttnDownBlock2D");
      boolean resnetBlock = name.equals("ResnetDownsampleBlock2D");
      if (!attends && !resnetBlock && !name.equals("DownBlock2D")) {
        throw config.refused("down_block_types", name + " is not implemented");
      }
      Resizer resizer =
          i == types.size() - 1
              ? Resizer.NONE
              : resnetBlock || (attends && byResnet)
                  ? UnetBlocks.halvedByResnet(resnets, to)
                  : UnetBlocks.halved(resnets, padding);
      Attending attending = attends ? places(layers, to) : Attending.NONE;
      blocks.add(UnetBlocks.down(resnets, name, layers, from, to, attending, resizer));
      from = to;
    }
    return blocks;
  }

  /** One block, or none. */
  private List<Block> middle() {
    double divisor = config.number("mid_block_scale_factor", 1);
    boolean attends = config.flag("add_attention", true);
    boolean normed = resnets.time() == Resnets.Time.ADDED;
    int attentionGroups = config.integer("attn_norm_num_groups", normed ? groups : 0);
    if (config.isNull("mid_block_type")) {
      return List.of();
    }
    config.only("mid_block_type", "UNetMidBlock2D");
    int width = widths.getLast();
    Resnets divided = resnets.with(false, divisor);
    Attending attending =
        attends ? Attending.places(1, attentionGroups, eps, heads(width), divisor) : Attending.NONE;
    return List.of(UnetBlocks.middle(divided, "UNetMidBlock2D", width, 1, attending));
  }

  private List<Block> up() {
    boolean byResnet = byResnet("upsample_type");
    List<String> types =
        types(
            "up_block_types",
            List.of("AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"));
    List<Block> blocks = new ArrayList<>();
    int before = widths.getLast();
    for (int i = 0; i < types.size(); i++) {
      int mirrored = types.size() - 1 - i;
      int to = widths.get(mirrored);
      int below = widths.get(Math.max(0, mirrored - 1));
      String name = types.get(i).replaceFirst("^UNetRes", "");
      boolean attends = name.equals("AttnUpBlock2D");
      boolean resnetBlock = name.equals("ResnetUpsampleBlock2D");
      if (!attends && !resnetBlock && !name.equals("UpBlock2D")) {
        throw config.refused("up_block_types", name + " is not implemented");
      }
      Resizer resizer =
          i == types.size() - 1
              ? Resizer.NONE
              : resnetBlock || (attends && byResnet)
                  ? UnetBlocks.doubledByResnet(resnets, to)
                  : UnetBlocks.enlarged(resnets);
      Attending attending = attends ? places(layers + 1, to) : Attending.NONE;
      blocks.add(UnetBlocks.up(resnets, name, layers + 1, before, to, below, attending, resizer));
      before = to;
    }
    return blocks;
  }

  private Attending places(int count, int width) {
    return Attending.places(count, groups, eps, heads(width), 1);
  }

  private int heads(int width) {
    return headSize == 0 ? 1 : width / headSize;
  }

  /** Whether blocks that attend change the picture's size by a residual block. */
  private boolean byResnet(String key) {
    String type = config.text(key, "conv");
    if (!type.equals("conv") && !type.equals("resnet")) {
      throw config.refused(key, "only conv and resnet are implemented");
    }
    return type.equals("resnet");
  }

  private List<String> types(String key, List<String> otherwise) {
    List<String> types = config.texts(key, otherwise);
    if (types.size() != widths.size()) {
      throw config.refused(key, "block_out_channels has %s entries".formatted(widths.size()));
    }
    return types;
  }
}
