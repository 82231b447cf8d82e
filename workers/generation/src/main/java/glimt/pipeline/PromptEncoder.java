package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.model.Encoder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Encodes a prompt into the tensors that condition a network.
 *
 * @param network maps {@value #INPUT}, int64 [1, length], and optionally {@value #MASK}, which is 1
 *     for each token of the prompt and 0 for padding, to one tensor [1, …] for each of the
 *     encoder's outputs
 */
public record PromptEncoder(Encoder encoder, Network network) {
  /** The name of the encoder's port for token ids. */
  public static final String INPUT = "tokens";

  /** The name of the encoder's optional port for the attention mask. */
  public static final String MASK = "mask";

  /**
   * Encodes one prompt.
   *
   * @param manager the manager that owns the result
   * @param tokens the tokens of the prompt, padded to the length of the encoder's reader
   * @return a tensor for each output by its name
   * @throws BundleException if the network returns another number of tensors than the card lists
   */
  public Map<String, NDArray> encoded(NDManager manager, TokenIds tokens) {
    Map<String, NDArray> inputs = new LinkedHashMap<>();
    inputs.put(INPUT, tokens.ids(manager));
    if (network.ports().contains(MASK)) {
      inputs.put(MASK, tokens.mask(manager));
    }
    NDList answers = network.call(inputs);
    if (answers.size() != encoder.outputs().size()) {
      throw new BundleException(
          "encoder %s returned %s tensors, but its card lists the outputs %s"
              .formatted(encoder.name(), answers.size(), encoder.outputs()));
    }
    Map<String, NDArray> outputs = new LinkedHashMap<>();
    for (int i = 0; i < answers.size(); i++) {
      outputs.put(encoder.outputs().get(i), answers.get(i));
    }
    return outputs;
  }
}
