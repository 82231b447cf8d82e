package glimt.published;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes the blocks of diffusers' two-dimensional U-Nets (Ronneberger et al. 2015; Ho et al. 2020):
 * on the way down each leaves its results among the skips, on the way up each takes them from
 * there, the last first.
 */
final class UnetBlocks {
  /**
   * The attentions of a block, one after each of its residual blocks.
   *
   * @param types their classes; empty for none
   * @param arguments what a source gives each besides the picture, such as {@code , text}
   * @param clips what a block of clips has between its layers; null in one of pictures
   */
  record Attending(List<String> types, String arguments, @Nullable OverTime clips) {
    static final Attending NONE = new Attending(List.of(), "");

    Attending(List<String> types, String arguments) {
      this(types, arguments, null);
    }

    /** The same in a block of clips. */
    Attending of(OverTime frames) {
      return new Attending(types, arguments, frames);
    }

    /** What a source hands an attention that looks at a text. */
    static final String TEXT = ", text";

    /**
     * Attention among the places of the picture alone.
     *
     * @param groups of the norm before it; 0 for none
     * @param divisor of the result
     */
    static Attending places(int count, int groups, double eps, int heads, double divisor) {
      String norm = groups == 0 ? "" : ", %s, %s".formatted(groups, SourceWriter.number(eps));
      return new Attending(
          Collections.nCopies(count, groups == 0 ? "BareAttention2d" : "Attention2d"),
          "%s, %s, %s".formatted(norm, heads, SourceWriter.number(divisor)));
    }

    static Attending text(List<String> types) {
      return new Attending(types, TEXT);
    }

    boolean isThere() {
      return !types.isEmpty();
    }

    /** Whether it looks at a text, so that the block is given one. */
    boolean looks() {
      return arguments.equals(TEXT);
    }
  }

  /**
   * The layers of clips: a convolution over time after each residual block, a transformer over time
   * after each attention.
   *
   * @param groups of their norms
   * @param heads of the transformers
   */
  record OverTime(int groups, int heads) {}

  /**
   * What changes the picture's size at the end of a block.
   *
   * @param type its class; empty for none
   * @param arguments what a source gives it besides the picture
   */
  record Resizer(String type, String arguments) {
    static final Resizer NONE = new Resizer("", "");

    boolean isThere() {
      return !type.isEmpty();
    }
  }

  /**
   * A block that was written.
   *
   * @param arguments what a source gives it besides the picture
   */
  record Block(String type, String arguments) {}

  private UnetBlocks() {}

  /** Halves the picture by a residual block. */
  static Resizer halvedByResnet(Resnets resnets, int width) {
    return new Resizer(
        resnets.block(width, width, Resnets.Resampling.HALF), resnets.timeArgument());
  }

  /** Doubles the picture by a residual block. */
  static Resizer doubledByResnet(Resnets resnets, int width) {
    return new Resizer(
        resnets.block(width, width, Resnets.Resampling.DOUBLE), resnets.timeArgument());
  }

  /** Halves the picture by a convolution. */
  static Resizer halved(Resnets resnets, int padding) {
    return new Resizer(resnets.downsample(padding), "");
  }

  /** Enlarges the picture to the size of the next skip. */
  static Resizer enlarged(Resnets resnets) {
    return new Resizer(resnets.upsampleLike(), ", skips[-1]");
  }

  /**
   * A block on the way down.
   *
   * @param name of its class, as the field calls it
   * @param count of residual blocks
   */
  static Block down(
      Resnets resnets,
      String name,
      int count,
      int from,
      int to,
      Attending attending,
      Resizer resizer) {
    SourceWriter.Module block = begun(resnets, name, count, attending);
    block.hasList("resnets", resnets.blocks(count, from, to));
    for (int i = 0; i < count; i++) {
      convolve(block, i, resnets, attending);
      attend(block, i, attending);
      block.does("_ = torch.append(skips, z)");
    }
    if (resizer.isThere()) {
      block
          .hasList("downsamplers", List.of(resizer.type))
          .does("z = self.downsamplers._0.forward(z%s)", resizer.arguments)
          .does("_ = torch.append(skips, z)");
    }
    return ended(block, resnets, attending, true);
  }

  /**
   * A block on the way up.
   *
   * @param before channels that come from the block before
   * @param below channels of the last skip, which the block before on the way down was given
   */
  static Block up(
      Resnets resnets,
      String name,
      int count,
      int before,
      int to,
      int below,
      Attending attending,
      Resizer resizer) {
    SourceWriter.Module block = begun(resnets, name, count, attending);
    List<String> types = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int from = (i == 0 ? before : to) + (i == count - 1 ? below : to);
      types.add(resnets.block(from, to, Resnets.Resampling.SAME));
    }
    block.hasList("resnets", types);
    for (int i = 0; i < count; i++) {
      block.does("z = torch.cat([z, torch.pop(skips)], 1)");
      convolve(block, i, resnets, attending);
      attend(block, i, attending);
    }
    if (resizer.isThere()) {
      block
          .hasList("upsamplers", List.of(resizer.type))
          .does("z = self.upsamplers._0.forward(z%s)", resizer.arguments);
    }
    return ended(block, resnets, attending, true);
  }

  /** The block in the middle: attentions between residual blocks, of which there is one more. */
  static Block middle(Resnets resnets, String name, int width, Attending attending) {
    return middle(resnets, name, width, attending.types.size(), attending);
  }

  /**
   * The block in the middle.
   *
   * @param count of the residual blocks behind the first, each of which follows an attention if
   *     there are any
   */
  static Block middle(Resnets resnets, String name, int width, int count, Attending attending) {
    SourceWriter.Module block = begun(resnets, name, count + 1, attending);
    block.hasList("resnets", resnets.blocks(count + 1, width, width));
    convolve(block, 0, resnets, attending);
    for (int i = 0; i < count; i++) {
      attend(block, i, attending);
      convolve(block, i + 1, resnets, attending);
    }
    return ended(block, resnets, attending, false);
  }

  /** The parameters of a root with these ports. */
  static String parameters(List<String> ports) {
    return ports.stream().map(port -> port + ": Tensor").collect(Collectors.joining(", "));
  }

  /** Holds blocks in a list and calls one after the other. */
  static void call(SourceWriter.Module root, String list, List<Block> blocks) {
    root.hasList(list, blocks.stream().map(Block::type).toList());
    for (int i = 0; i < blocks.size(); i++) {
      root.does("z = self.%s._%s.forward(z%s)", list, i, blocks.get(i).arguments());
    }
  }

  private static SourceWriter.Module begun(
      Resnets resnets, String name, int count, Attending attending) {
    SourceWriter.Module block = resnets.writer().module(name, "");
    block.hasList("attentions", attending.types);
    if (attending.clips != null) {
      block
          .hasList("temp_convs", Collections.nCopies(count, "TemporalConvLayer"))
          .hasList(
              "temp_attentions",
              Collections.nCopies(attending.types.size(), "TransformerTemporal"));
    }
    return block;
  }

  private static void convolve(
      SourceWriter.Module block, int i, Resnets resnets, Attending attending) {
    block.does("z = self.resnets._%s.forward(z%s)", i, resnets.timeArgument());
    if (attending.clips instanceof OverTime(int groups, _)) {
      block.does("z = self.temp_convs._%s.forward(z, frames, %s)", i, groups);
    }
  }

  private static void attend(SourceWriter.Module block, int i, Attending attending) {
    if (attending.isThere()) {
      block.does("z = self.attentions._%s.forward(z%s)", i, attending.arguments);
      if (attending.clips instanceof OverTime(int groups, int heads)) {
        block.does("z = self.temp_attentions._%s.forward(z, frames, %s, %s)", i, groups, heads);
      }
    }
  }

  private static Block ended(
      SourceWriter.Module block, Resnets resnets, Attending attending, boolean skips) {
    String text = attending.looks() ? Attending.TEXT : "";
    String frames = attending.clips == null ? "" : ", frames";
    String type =
        block
            .does("return z")
            .forward(
                "z: Tensor"
                    + resnets.timeParameter()
                    + (text.isEmpty() ? "" : ", text: Tensor")
                    + (frames.isEmpty() ? "" : ", frames: int")
                    + (skips ? ", skips: List[Tensor]" : ""),
                "Tensor");
    return new Block(type, resnets.timeArgument() + text + frames + (skips ? ", skips" : ""));
  }
}
