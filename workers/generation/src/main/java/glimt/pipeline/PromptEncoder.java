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
 * @param network takes {@value #INPUT}, int64 [1, length], and if its source says so {@value
 *     #MASK}, 1 for each token of the prompt and 0 for padding; it answers a tensor [1, …] for each
 *     of the encoder's outputs, by their names or in their order
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
    return answers.stream().allMatch(answer -> answer.getName() != null)
        ? named(answers)
        : inOrder(answers);
  }

  /** Those outputs of a network that names them; it may answer more than the card asks for. */
  private Map<String, NDArray> named(NDList answers) {
    Map<String, NDArray> outputs = new LinkedHashMap<>();
    for (String output : encoder.outputs()) {
      outputs.put(
          output,
          answers.stream()
              .filter(answer -> output.equals(answer.getName()))
              .findFirst()
              .orElseThrow(
                  () ->
                      new BundleException(
                          "encoder %s answers no %s among %s"
                              .formatted(
                                  encoder.name(),
                                  output,
                                  answers.stream().map(NDArray::getName).toList()))));
    }
    return outputs;
  }

  private Map<String, NDArray> inOrder(NDList answers) {
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
