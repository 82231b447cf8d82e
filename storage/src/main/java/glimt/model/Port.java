package glimt.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A named tensor that conditions a network, and where it comes from. What several encoders feed one
 * port is joined along the last axis: ports of one name, in their order (Podell et al. 2023).
 *
 * @param name as the network's source calls it
 * @param feed what feeds it
 * @param encoder which encoder, for {@link PortSource#ENCODER}; else null
 * @param output which of that encoder's outputs; else null
 * @param unconditional what the port is fed when the network is asked without conditions
 * @param otherOutput which of the encoder's outputs is fed of the prompt that stands for no
 *     conditions; null if it is the same
 * @param places where the positions lie, for {@link PortSource#PLACES}; else null
 */
public record Port(
    String name,
    PortSource feed,
    @Nullable String encoder,
    @Nullable String output,
    Unconditional unconditional,
    @Nullable String otherOutput,
    @Nullable Places places) {
  /** A port that is not fed places. */
  public Port(
      String name,
      PortSource feed,
      @Nullable String encoder,
      @Nullable String output,
      Unconditional unconditional,
      @Nullable String otherOutput) {
    this(name, feed, encoder, output, unconditional, otherOutput, null);
  }

  /** A port that is fed the same output of either prompt. */
  public Port(
      String name,
      PortSource feed,
      @Nullable String encoder,
      @Nullable String output,
      Unconditional unconditional) {
    this(name, feed, encoder, output, unconditional, null);
  }

  public Port {
    if ((feed == PortSource.PLACES) != (places != null)) {
      throw new IllegalArgumentException(
          "port %s: the feed 'places' needs places, and no other feed takes them".formatted(name));
    }
    boolean encoded = feed == PortSource.ENCODER;
    if (encoded != (encoder != null)
        || encoded != (output != null)
        || (!encoded && otherOutput != null)) {
      throw new IllegalArgumentException(
          "port %s: the feed 'encoder' needs an encoder and an output, and no other feed takes them"
              .formatted(name));
    }
    if ((feed == PortSource.SCORED_SIZES) != (unconditional == Unconditional.LOW_SCORE)) {
      throw new IllegalArgumentException(
          "port %s: the feed 'scored_sizes' goes with the unconditional 'low_score', and no other"
              .formatted(name));
    }
    if (!encoded
        && (unconditional == Unconditional.NEGATIVE_PROMPT_OR_ZEROS
            || ((unconditional == Unconditional.EMPTY_PROMPT
                    || unconditional == Unconditional.NEGATIVE_PROMPT)
                && feed != PortSource.PROMPT))) {
      throw new IllegalArgumentException(
          "port %s: only a port fed by the prompt or an encoder can be fed another prompt"
              .formatted(name));
    }
  }

  /** Which of the encoder's outputs is fed of the prompt that stands for no conditions. */
  public @Nullable String unconditionalOutput() {
    return otherOutput == null ? output : otherOutput;
  }

  /** The token ids of the prompt, as the card's reader gives them. */
  public static Port prompt(String name, Unconditional unconditional) {
    return new Port(name, PortSource.PROMPT, null, null, unconditional);
  }

  /** Makes a port that receives the enlarged level below. */
  public static Port below(String name) {
    return new Port(name, PortSource.BELOW, null, null, Unconditional.SAME);
  }

  /** Makes a port that receives the level below, which the sample begins with. */
  public static Port belowKept(String name) {
    return new Port(name, PortSource.BELOW_KEPT, null, null, Unconditional.SAME);
  }

  /** Whether it is fed the level below. */
  public boolean readsBelow() {
    return feed == PortSource.BELOW
        || feed == PortSource.BELOW_BY_CORNERS
        || feed == PortSource.BELOW_KEPT;
  }

  /** The sizes of what people see, alike with and without conditions. */
  public static Port sizes(String name) {
    return new Port(name, PortSource.SIZES, null, null, Unconditional.SAME);
  }

  /** The sizes of what people see with a score, which is low without conditions. */
  public static Port scoredSizes(String name) {
    return new Port(name, PortSource.SCORED_SIZES, null, null, Unconditional.LOW_SCORE);
  }

  /** The weight of guidance, which the network is told. */
  public static Port guidance(String name) {
    return new Port(name, PortSource.GUIDANCE, null, null, Unconditional.SAME);
  }

  /** What is made of the job's picture, alike with and without conditions. */
  public static Port picture(String name, PortSource feed) {
    return new Port(name, feed, null, null, Unconditional.SAME);
  }

  /**
   * Where in the visible result the positions of a sample lie, alike with and without conditions.
   */
  public static Port places(String name, Places places) {
    return new Port(name, PortSource.PLACES, null, null, Unconditional.SAME, null, places);
  }

  /**
   * Where the positions of a sample lie: number i along an axis at max(0, step × i + first), in
   * whatever unit the network was trained with.
   *
   * @param steps from one position to the next, an axis each
   * @param firsts where number 0 would lie if nothing were cut at 0, an axis each
   */
  public record Places(List<Double> steps, List<Double> firsts) {
    public Places {
      steps = List.copyOf(steps);
      firsts = List.copyOf(firsts);
      if (steps.isEmpty() || steps.size() != firsts.size()) {
        throw new IllegalArgumentException(
            "places need a step and a first for each axis, not %s and %s".formatted(steps, firsts));
      }
    }

    /** Where a position lies along an axis. */
    public double at(int axis, int position) {
      return Math.max(0, steps.get(axis) * position + firsts.get(axis));
    }
  }

  /** What feeds a port. */
  public enum PortSource {
    /** The prompt's token ids. */
    PROMPT,
    /** An encoder's output for the prompt. */
    ENCODER,
    /**
     * The level below, enlarged to this one; at a base that {@linkplain Level#enlargesPicture
     * enlarges it}, the job's picture.
     */
    BELOW,
    /**
     * The level below as it is, which this level's sample begins with: the network makes the rest,
     * as Point-E's does (Nichol et al. 2022).
     */
    BELOW_KEPT,
    /**
     * The level below, enlarged so that the centres of its corners lie on those of this one's
     * (align_corners).
     */
    BELOW_BY_CORNERS,
    /**
     * The timestep at which the chain of the level's published schedule, or of its {@link
     * BelowNoising}, has the noise that is added to the level below (Ho et al. 2022, section 4.2);
     * float32 [1].
     */
    BELOW_NOISE,
    /**
     * By what the network multiplies the level below once noise has been added to it, so that both
     * together have the chain's signal and noise: 1 / sqrt(1 + noise^2); float32 [1].
     */
    BELOW_SIGNAL,
    /**
     * The sizes that a picture was trained to have: height and width, top and left of the part that
     * is shown, and its height and width, in pixels of what people see; float32 [1, 6] (Podell et
     * al. 2023, section 2.2).
     */
    SIZES,
    /**
     * The sizes that a picture was trained to have, and how well people were predicted to like it:
     * height and width, top and left of the part that is shown, in pixels of what people see, and a
     * score of 1 to 10, which is 6 with conditions; float32 [1, 5] (Podell et al. 2023, section
     * 2.5, and its published pipeline).
     */
    SCORED_SIZES,
    /**
     * Where each position of the sample lies: float32 [1, axes, positions], the last axis varying
     * fastest (HaCohen et al. 2024, arXiv:2501.00103).
     */
    PLACES,
    /**
     * The latent of a clip that is the job's picture and then grey, below a mask of what is given:
     * float32 [1, frames, factor + channels, height, width], where the codec packs {@code factor}
     * frames into one and a given frame's mask is 1 (Wan Team 2025, arXiv:2503.20314, section 5.1).
     */
    PICTURE_LATENTS,
    /**
     * The states of the job's picture, of the level's {@link FirstFrame.Vision}: float32 [1,
     * positions, channels].
     */
    PICTURE_STATES,
    /**
     * The weight of guidance less 1, of a network whose guidance is {@link
     * GuidanceRule.Mixing#TOLD}; float32 [1].
     */
    GUIDANCE
  }

  /** What a port receives for the unconditional answer of guidance. */
  public enum Unconditional {
    /** The same tensor as for the conditional answer. */
    SAME,
    /** Zeros in the same shape. */
    ZEROS,
    /** A tensor without positions; the shapes differ, so the network runs twice. */
    DROP,
    /** The tensor of the empty prompt. */
    EMPTY_PROMPT,
    /** What the job's negative prompt gives, which is empty unless it says otherwise. */
    NEGATIVE_PROMPT,
    /** What the job's negative prompt gives; as many zeros if it has none. */
    NEGATIVE_PROMPT_OR_ZEROS,
    /** The same sizes with the score of a picture that few like, 2.5. */
    LOW_SCORE
  }
}
