package glimt.model;

import org.jspecify.annotations.Nullable;

/**
 * A named tensor that conditions a network, and where it comes from.
 *
 * @param name the parameter's name in the network's source
 * @param feed where the tensor comes from
 * @param encoder the name of the encoder for {@link Feed#ENCODER}; otherwise null
 * @param output the name of that encoder's output for {@link Feed#ENCODER}; otherwise null
 * @param unconditional what the port receives for the unconditional answer of guidance
 */
public record Port(
    String name,
    PortSource feed,
    @Nullable String encoder,
    @Nullable String output,
    Unconditional unconditional) {
  public Port {
    boolean encoded = feed == PortSource.ENCODER;
    if (encoded != (encoder != null) || encoded != (output != null)) {
      throw new IllegalArgumentException(
          "port %s: the feed 'encoder' needs an encoder and an output, and no other feed takes them"
              .formatted(name));
    }
    if (!encoded
        && (unconditional == Unconditional.EMPTY_PROMPT
            || unconditional == Unconditional.NEGATIVE_PROMPT)
        && feed != PortSource.PROMPT) {
      throw new IllegalArgumentException(
          "port %s: only a port fed by the prompt or an encoder can be fed another prompt"
              .formatted(name));
    }
  }

  /** Makes a port that receives the prompt's token ids from the card's reader. */
  public static Port prompt(String name, Unconditional unconditional) {
    return new Port(name, PortSource.PROMPT, null, null, unconditional);
  }

  /** Makes a port that receives the enlarged level below. */
  public static Port below(String name) {
    return new Port(name, PortSource.BELOW, null, null, Unconditional.SAME);
  }

  /** Where a port's tensor comes from. */
  public enum PortSource {
    /** The prompt's token ids. */
    PROMPT,
    /** An encoder's output for the prompt. */
    ENCODER,
    /** The level below, enlarged to this level's extents. */
    BELOW
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
    /** The tensor of the job's negative prompt, or of the empty prompt if the job has none. */
    NEGATIVE_PROMPT
  }
}
