package glimt.model;

import org.jspecify.annotations.Nullable;

/**
 * A named tensor that conditions a network, and where it comes from. What several encoders feed one
 * port is joined along the last axis: ports of one name, in their order (Podell et al. 2023).
 *
 * @param name as the network's source calls it
 * @param feed what feeds it
 * @param encoder which encoder, for {@link Feed#ENCODER}; else null
 * @param output which of that encoder's outputs; else null
 * @param unconditional what the port is fed when the network is asked without conditions
 * @param otherOutput which of the encoder's outputs is fed of the prompt that stands for no
 *     conditions; null if it is the same
 */
public record Port(
    String name,
    Feed feed,
    @Nullable String encoder,
    @Nullable String output,
    Unconditional unconditional,
    @Nullable String otherOutput) {
  /** A port that is fed the same output of either prompt. */
  public Port(
      String name,
      Feed feed,
      @Nullable String encoder,
      @Nullable String output,
      Unconditional unconditional) {
    this(name, feed, encoder, output, unconditional, null);
  }

  public Port {
    boolean encoded = feed == Feed.ENCODER;
    if (encoded != (encoder != null)
        || encoded != (output != null)
        || (!encoded && otherOutput != null)) {
      throw new IllegalArgumentException(
          "port %s: an encoder and its output go with the feed 'encoder' and no other"
              .formatted(name));
    }
    if (!encoded
        && (unconditional == Unconditional.NEGATIVE_PROMPT_OR_ZEROS
            || ((unconditional == Unconditional.EMPTY_PROMPT
                    || unconditional == Unconditional.NEGATIVE_PROMPT)
                && feed != Feed.PROMPT))) {
      throw new IllegalArgumentException(
          "port %s: only what reads a prompt can be fed another one".formatted(name));
    }
  }

  /** Which of the encoder's outputs is fed of the prompt that stands for no conditions. */
  public @Nullable String unconditionalOutput() {
    return otherOutput == null ? output : otherOutput;
  }

  /** The token ids of the prompt, as the card's reader gives them. */
  public static Port prompt(String name, Unconditional unconditional) {
    return new Port(name, Feed.PROMPT, null, null, unconditional);
  }

  /** The enlarged level below. */
  public static Port below(String name) {
    return new Port(name, Feed.BELOW, null, null, Unconditional.SAME);
  }

  /** The sizes of what people see, alike with and without conditions. */
  public static Port sizes(String name) {
    return new Port(name, Feed.SIZES, null, null, Unconditional.SAME);
  }

  /** What feeds a port. */
  public enum Feed {
    /** The prompt's token ids. */
    PROMPT,
    /** What an encoder made of the prompt. */
    ENCODER,
    /** The level below, enlarged to this one. */
    BELOW,
    /**
     * The sizes that a picture was trained to have: height and width, top and left of the part that
     * is shown, and its height and width, in pixels of what people see; float32 [1, 6] (Podell et
     * al. 2023, section 2.2).
     */
    SIZES
  }

  /** What a port is fed when there are to be no conditions. */
  public enum Unconditional {
    /** The same as with conditions. */
    SAME,
    /** As many zeros. */
    ZEROS,
    /** Nothing: a tensor without positions. The network is asked twice. */
    DROP,
    /** What the empty prompt gives. */
    EMPTY_PROMPT,
    /** What the job's negative prompt gives, which is empty unless it says otherwise. */
    NEGATIVE_PROMPT,
    /** What the job's negative prompt gives; as many zeros if it has none. */
    NEGATIVE_PROMPT_OR_ZEROS
  }
}
