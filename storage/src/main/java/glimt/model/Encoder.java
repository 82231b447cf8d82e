package glimt.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network that turns a prompt into tensors. Jobs with the same prompt share its result.
 *
 * @param name the name by which ports refer to the encoder, such as {@code text}
 * @param network the stem of its source and weights
 * @param reader how a prompt becomes the token ids that the network reads
 * @param outputs the names of the tensors that the network returns, in order
 * @param lexicon the stem of the files that list the names of what the bundle can make; a prompt
 *     with other words is put into these names first. Null if prompts are encoded as they are
 */
public record Encoder(
    String name,
    String network,
    PromptReader reader,
    List<String> outputs,
    @Nullable String lexicon) {
  public Encoder {
    outputs = List.copyOf(outputs);
    if (outputs.isEmpty()) {
      throw new IllegalArgumentException("encoder %s needs at least one output".formatted(name));
    }
  }

  /** An encoder of prompts as they are. */
  public Encoder(String name, String network, PromptReader reader, List<String> outputs) {
    this(name, network, reader, outputs, null);
  }

  /** The files of its lexicon. */
  public List<String> lexiconFiles() {
    return lexicon == null ? List.of() : List.of(lexicon + ".json", lexicon + ".safetensors");
  }
}
