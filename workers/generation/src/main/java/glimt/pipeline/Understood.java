package glimt.pipeline;

import java.util.List;

/**
 * How a prompt was understood.
 *
 * @param text what is encoded
 * @param notes for the client: which words were read as which, and which have no effect
 */
public record Understood(String text, List<String> notes) {
  public Understood {
    notes = List.copyOf(notes);
  }

  /** A prompt that is encoded as it is. */
  static Understood asItIs(String prompt) {
    return new Understood(prompt, List.of());
  }
}
