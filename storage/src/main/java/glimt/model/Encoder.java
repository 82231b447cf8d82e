package glimt.model;

import java.util.List;

/**
 * A network that turns a prompt into tensors. Jobs with the same prompt share its result.
 *
 * @param name the name by which ports refer to the encoder, such as {@code text}
 * @param network the stem of its source and weights
 * @param reader how a prompt becomes the token ids that the network reads
 * @param outputs the names of the tensors that the network returns, in order
 */
public record Encoder(String name, String network, PromptReader reader, List<String> outputs) {
  public Encoder {
    outputs = List.copyOf(outputs);
    if (outputs.isEmpty()) {
      throw new IllegalArgumentException("encoder %s needs at least one output".formatted(name));
    }
  }
}
