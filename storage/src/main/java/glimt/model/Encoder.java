package glimt.model;

import java.util.List;

/**
 * A network that turns a prompt into tensors, once for every job that says the same.
 *
 * @param name by which ports ask for it, such as {@code text}
 * @param network the stem of its source and weights
 * @param reader how a prompt becomes the token ids that it is handed
 * @param outputs what its answers are called, in their order
 */
public record Encoder(String name, String network, PromptReader reader, List<String> outputs) {
  public Encoder {
    outputs = List.copyOf(outputs);
    if (outputs.isEmpty()) {
      throw new IllegalArgumentException("encoder %s answers nothing".formatted(name));
    }
  }
}
