package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.model.Encoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

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

  /** The number of texts whose meanings are computed together. */
  private static final int TOGETHER = 64;

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

  /**
   * The meanings of texts: the mean of the states of each one's tokens, of length 1.
   *
   * @param network takes tokens and a mask; its first output must be the states of the tokens,
   *     [texts, length, width], with zeros for padding
   * @param texts the tokens of each
   */
  public static List<float[]> meanings(Network network, NDManager manager, List<TokenIds> texts) {
    List<float[]> meanings = new ArrayList<>();
    for (int from = 0; from < texts.size(); from += TOGETHER) {
      meanings.addAll(
          together(network, manager, texts.subList(from, Math.min(texts.size(), from + TOGETHER))));
    }
    return meanings;
  }

  private static List<float[]> together(Network network, NDManager manager, List<TokenIds> texts) {
    int longest = texts.stream().mapToInt(TokenIds::read).max().orElse(0);
    try (NDManager scope = manager.newSubManager()) {
      float[] values = states(network, scope, texts, longest).sum(new int[] {1}).toFloatArray();
      int width = values.length / texts.size();
      return IntStream.range(0, texts.size())
          .mapToObj(row -> Arrays.copyOfRange(values, row * width, (row + 1) * width))
          .peek(Lexicon::normalise)
          .toList();
    }
  }

  /**
   * The states of the tokens of several texts, [texts, length, width].
   *
   * @param network as of {@link #meanings}
   * @param manager owns the result
   * @param length the number of tokens that are read of each, so that short texts cost less
   */
  public static NDArray states(
      Network network, NDManager manager, List<TokenIds> texts, int length) {
    long[] ids = new long[texts.size() * length];
    long[] mask = new long[ids.length];
    for (int row = 0; row < texts.size(); row++) {
      TokenIds text = texts.get(row);
      for (int i = 0; i < length; i++) {
        ids[row * length + i] = text.ids().get(i);
        mask[row * length + i] = i < text.read() ? 1 : 0;
      }
    }
    Shape shape = new Shape(texts.size(), length);
    return network
        .call(Map.of(INPUT, manager.create(ids, shape), MASK, manager.create(mask, shape)))
        .getFirst();
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
