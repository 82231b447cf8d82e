package glimt.published;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes what diffusers' two-dimensional networks are built of: residual blocks of two convolutions
 * (He et al. 2016; with a timestep, Ho et al. 2020), and what changes a picture's size.
 *
 * @param groups of the group norms
 * @param eps of the group norms
 * @param act between norm and convolution
 * @param time how the timestep takes part
 * @param bareTime whether its embedding goes into a block without the activation
 * @param divisor of a block's result
 */
record Resnets(
    SourceWriter writer,
    int groups,
    double eps,
    Activation act,
    Time time,
    boolean bareTime,
    double divisor) {

  /** How the timestep's embedding [B, d] takes part in a residual block. */
  enum Time {
    /** Not at all. */
    ABSENT,
    /** Added between the convolutions. */
    ADDED,
    /** Scales and shifts what the second norm gives. */
    SCALE_SHIFT;

    /** The way that the configuration of a U-Net wants. */
    static Time of(PublishedConfig config) {
      String key = "resnet_time_scale_shift";
      return switch (config.text(key, "default")) {
        case "default" -> ADDED;
        case "scale_shift" -> SCALE_SHIFT;
        default -> throw config.refused(key, "only default and scale_shift are implemented");
      };
    }
  }

  /** How many groups norms have; diffusers fails without any. */
  static int groups(PublishedConfig config) {
    String key = "norm_num_groups";
    if (config.isNull(key)) {
      throw config.refused(key, "norms need a number of groups");
    }
    return config.integer(key, 32);
  }

  /** How a block changes the size of its picture. */
  enum Resampling {
    SAME,
    HALF,
    DOUBLE
  }

  /** Doubles a picture without inventing values. */
  private static final String DOUBLED =
      "torch.upsample_nearest2d(%s, [2 * torch.size(%s, 2), 2 * torch.size(%s, 3)])";

  /** Whether blocks are given the timestep, as sources write a parameter and an argument. */
  String timeParameter() {
    return time == Time.ABSENT ? "" : ", time: Tensor";
  }

  String timeArgument() {
    return time == Time.ABSENT ? "" : ", time";
  }

  /** The same in all but how the timestep goes in and what the result is divided by. */
  Resnets with(boolean otherBareTime, double otherDivisor) {
    return new Resnets(writer, groups, eps, act, time, otherBareTime, otherDivisor);
  }

  /**
   * A block.
   *
   * @param from channels of the input
   * @param to channels of the result
   */
  String block(int from, int to, Resampling size) {
    if (isBanded() && size == Resampling.SAME) {
      return bandedBlock(from, to);
    }
    SourceWriter.Module block =
        writer
            .module(from == to ? "Resnet" : "ResnetToOtherWidth", "")
            .has("norm1", "GroupNorm")
            .has("conv1", "Conv2d");
    if (time != Time.ABSENT) {
      block.has("time_emb_proj", "Linear");
    }
    block.has("norm2", "GroupNorm").has("conv2", "Conv2d");
    if (from != to) {
      block.has("conv_shortcut", "Conv2d");
    }
    block.does("h = %s", act.of(normed("norm1", "z")));
    if (size != Resampling.SAME) {
      block.does("h = " + resized(size, "h")).does("z = " + resized(size, "z"));
    }
    block.does("h = self.conv1.forward(h, 1, 1)");
    if (time != Time.ABSENT) {
      block
          .does("moved = self.time_emb_proj.forward(%s)", bareTime ? "time" : act.of("time"))
          .does("moved = torch.unsqueeze(torch.unsqueeze(moved, 2), 3)");
    }
    switch (time) {
      case ABSENT -> block.does("h = " + normed("norm2", "h"));
      case ADDED -> block.does("h = " + normed("norm2", "h + moved"));
      case SCALE_SHIFT ->
          block
              .does("scale, shift = torch.chunk(moved, 2, 1)")
              .does("h = %s * (scale + 1) + shift", normed("norm2", "h"));
    }
    block.does("h = self.conv2.forward(%s, 1, 1)", act.of("h"));
    String sum = from == to ? "z + h" : "self.conv_shortcut.forward(z, 1, 0) + h";
    block.does(divisor == 1 ? "return " + sum : "return (%s) / %s".formatted(sum, divisor));
    return block.forward("z: Tensor" + timeParameter(), "Tensor");
  }

  /**
   * Whether large pictures are computed in bands of rows: in autoencoders, whose pictures are many
   * times as large as latents.
   */
  private boolean isBanded() {
    return time == Time.ABSENT && act.equals(Activation.SILU);
  }

  private String bandedBlock(int from, int to) {
    SourceWriter.Module block =
        writer
            .module(from == to ? "Resnet" : "ResnetToOtherWidth", "")
            .has("norm1", "GroupNorm")
            .has("conv1", "BandedConv2d")
            .has("norm2", "GroupNorm")
            .has("conv2", "BandedConv2d");
    if (from != to) {
      block.has("conv_shortcut", "AddedConv2d");
    }
    block
        .does("h = " + convolved("norm1", "conv1", "z", false))
        .does("h = " + convolved("norm2", "conv2", "h", true))
        .does(from == to ? "h = torch.add_(h, z)" : "h = self.conv_shortcut.forward(h, z)")
        .does(divisor == 1 ? "return h" : "return h / " + divisor);
    return block.forward("z: Tensor", "Tensor");
  }

  /**
   * Group norm, SiLU and a banded convolution.
   *
   * @param replaced whether the result may take the place of {@code z}
   */
  String convolved(String norm, String convolution, String z, boolean replaced) {
    return "self.%s.normed(%s, self.%s.weight, self.%s.bias, %s, %s, %s)"
        .formatted(
            convolution,
            z,
            norm,
            norm,
            groups,
            SourceWriter.number(eps),
            SourceWriter.truth(replaced));
  }

  private String normed(String norm, String z) {
    return "self.%s.forward(%s, %s, %s)".formatted(norm, z, groups, SourceWriter.number(eps));
  }

  private static String resized(Resampling size, String z) {
    return size == Resampling.HALF
        ? "torch.avg_pool2d(%s, [2, 2], [2, 2])".formatted(z)
        : DOUBLED.formatted(z, z, z);
  }

  /** A run of blocks that keep their width but for the first. */
  List<String> blocks(int count, int from, int to) {
    List<String> blocks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      blocks.add(block(i == 0 ? from : to, to, Resampling.SAME));
    }
    return blocks;
  }

  /**
   * Halves a picture by a convolution.
   *
   * @param padding 0 pads right and bottom alone
   */
  String downsample(int padding) {
    SourceWriter.Module down = writer.module("Downsample", "").has("conv", "Conv2d");
    down.does(
        padding == 0
            ? "return self.conv.forward(torch.constant_pad_nd(z, [0, 1, 0, 1], 0), 2, 0)"
            : "return self.conv.forward(z, 2, %s)".formatted(padding));
    return down.forward("z: Tensor", "Tensor");
  }

  /** Doubles a picture, then convolves it. */
  String upsample() {
    if (isBanded()) {
      return writer
          .module("Upsample", "")
          .has("conv", "BandedConv2d")
          .does("return self.conv.doubled(z)")
          .forward("z: Tensor", "Tensor");
    }
    return writer
        .module("Upsample", "")
        .has("conv", "Conv2d")
        .does("return self.conv.forward(%s, 1, 1)", DOUBLED.formatted("z", "z", "z"))
        .forward("z: Tensor", "Tensor");
  }

  /** Widens a picture to the size of another, which has not always an even number of places. */
  String upsampleLike() {
    return writer
        .module("UpsampleLike", "")
        .has("conv", "Conv2d")
        .does("h = torch.upsample_nearest2d(z, [torch.size(like, 2), torch.size(like, 3)])")
        .does("return self.conv.forward(h, 1, 1)")
        .forward("z: Tensor, like: Tensor", "Tensor");
  }
}
