package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Tokenizer;
import glimt.model.ClassNames;
import glimt.model.WordList;
import java.util.List;
import java.util.Optional;

/**
 * The tokens of a prompt as network input.
 *
 * @param ids the token ids, padded to the length of the reader
 * @param read the number of ids before the padding
 * @param cutFrom the first word of the prompt that did not fit completely; empty if all words fit
 */
public record TokenIds(List<Long> ids, int read, Optional<String> cutFrom) {
  /** The longest word that a warning repeats whole, in characters. */
  private static final int WORD_LIMIT = 40;

  public TokenIds {
    ids = List.copyOf(ids);
  }

  /** The tokens of a prompt that fits. */
  public TokenIds(List<Long> ids, int read) {
    this(ids, read, Optional.empty());
  }

  /**
   * What the client should know of a prompt that did not fit.
   *
   * @param prompt what it is called, such as {@code negative prompt}
   * @param network that reads it
   */
  public Optional<String> warning(String prompt, String network) {
    return cutFrom.map(
        word ->
            "the %s is longer than the %s tokens that %s reads: from \"%s\" on, its words have no effect there"
                .formatted(prompt, ids.size(), network, shown(word)));
  }

  private static String shown(String word) {
    return word.codePointCount(0, word.length()) <= WORD_LIMIT
        ? word
        : word.substring(0, word.offsetByCodePoints(0, WORD_LIMIT)) + "…";
  }

  /** What a tokenizer read. */
  public static TokenIds of(Tokenizer.Tokens tokens) {
    return new TokenIds(tokens.ids(), tokens.read(), tokens.cutFrom());
  }

  /** Converts a prompt with a word list. */
  public static TokenIds of(WordList words, String prompt) {
    List<Long> ids = words.read(prompt).tokens().stream().map(Integer::longValue).toList();
    return new TokenIds(ids, (int) ids.stream().filter(id -> id > 0).count());
  }

  /** The class of a prompt. */
  public static TokenIds of(ClassNames classes, String prompt) {
    return new TokenIds(List.of((long) classes.read(prompt).id()), 1);
  }

  /** The ids, int64 [1, length]. */
  public NDArray ids(NDManager manager) {
    return row(manager, ids.stream().mapToLong(Long::longValue).toArray());
  }

  /** 1 for each token of the prompt and 0 for padding, int64 [1, length]. */
  public NDArray mask(NDManager manager) {
    long[] mask = new long[ids.size()];
    for (int i = 0; i < read; i++) {
      mask[i] = 1;
    }
    return row(manager, mask);
  }

  private static NDArray row(NDManager manager, long[] values) {
    return manager.create(values, new Shape(1, values.length));
  }
}
