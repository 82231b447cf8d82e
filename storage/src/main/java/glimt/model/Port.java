package glimt.model;

import org.jspecify.annotations.Nullable;

/**
 * A named tensor that conditions a network, and where it comes from.
 *
 * @param name as the network's source calls it
 * @param feed what feeds it
 * @param encoder which encoder, for {@link PortSource#ENCODER}; else null
 * @param output which of that encoder's outputs; else null
 * @param unconditional what the port is fed when the network is asked without conditions
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
          "port %s: an encoder and its output go with the feed 'encoder' and no other"
              .formatted(name));
    }
    if (!encoded
        && (unconditional == Unconditional.EMPTY_PROMPT
            || unconditional == Unconditional.NEGATIVE_PROMPT)
        && feed != PortSource.PROMPT) {
      throw new IllegalArgumentException(
          "port %s: only what reads a prompt can be fed another one".formatted(name));
    }
  }

  /** The token ids of the prompt, as the card's reader gives them. */
  public static Port prompt(String name, Unconditional unconditional) {
    return new Port(name, PortSource.PROMPT, null, null, unconditional);
  }

  /** The enlarged level below. */
  public static Port below(String name) {
    return new Port(name, PortSource.BELOW, null, null, Unconditional.SAME);
  }

  /** What feeds a port. */
  public enum PortSource {
    /** The prompt's token ids. */
    PROMPT,
    /** What an encoder made of the prompt. */
    ENCODER,
    /** The level below, enlarged to this one. */
    BELOW
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
    NEGATIVE_PROMPT
  }
}
