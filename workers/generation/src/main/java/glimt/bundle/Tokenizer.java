package glimt.bundle;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Converts prompts into the tokens of published text encoders (byte pairs, unigrams or word
 * pieces), using the native Hugging Face tokenizers library without network access.
 */
public final class Tokenizer implements AutoCloseable {

  /**
   * The rules for reading a prompt.
   *
   * @param length the number of tokens, including begin, end and padding tokens
   * @param padding the id of the padding token
   * @param ends whether to add the tokens that mark the begin and end of a text
   * @param lowerCase whether to convert the text to lower case first; a {@code tokenizer.json} may
   *     do that itself
   */
  public record Rules(int length, long padding, boolean ends, boolean lowerCase) {
    public Rules {
      if (length < 1 || padding < 0) {
        throw new IllegalArgumentException(
            "a prompt needs a positive length and a padding id of at least 0, not "
                + length
                + " and "
                + padding);
      }
    }
  }

  /**
   * The tokens of a prompt.
   *
   * @param ids the token ids, padded or cut to {@link Rules#length}
   * @param read the number of ids before the padding
   * @param cutFrom the first word of the prompt that did not fit completely; empty if all words fit
   */
  public record Tokens(List<Long> ids, int read, Optional<String> cutFrom) {
    public Tokens {
      ids = List.copyOf(ids);
    }

    /** The attention mask: 1 for each token before the padding, 0 for padding. */
    public List<Long> mask() {
      List<Long> mask = new ArrayList<>();
      for (int i = 0; i < ids.size(); i++) {
        mask.add(i < read ? 1L : 0L);
      }
      return mask;
    }
  }

  private final HuggingFaceTokenizer tokenizer;
  private final Rules rules;

  private Tokenizer(HuggingFaceTokenizer tokenizer, Rules rules) {
    this.tokenizer = tokenizer;
    this.rules = rules;
  }

  /**
   * Opens a tokenizer from the files of a published model. The caller closes it.
   *
   * @param files {@code tokenizer.json}; or {@code vocab.json} and {@code merges.txt} for CLIP's
   *     byte pairs; or {@code spiece.model} for T5's unigrams
   * @param bytes returns the bytes of a file by its name
   * @throws BundleException if the files are of another type or invalid
   */
  public static Tokenizer of(List<String> files, Function<String, byte[]> bytes, Rules rules) {
    Function<String, String> text = file -> new String(bytes.apply(file), StandardCharsets.UTF_8);
    String json;
    if (files.size() == 1 && files.getFirst().endsWith(".json")) {
      json = text.apply(files.getFirst());
    } else if (files.size() == 1 && files.getFirst().endsWith(".model")) {
      String file = files.getFirst();
      json = TokenizerJson.t5(SentencePieceModel.parse(file, bytes.apply(file)));
    } else if (files.size() == 2
        && files.get(0).endsWith(".json")
        && files.get(1).endsWith(".txt")) {
      json = TokenizerJson.clip(text.apply(files.get(0)), text.apply(files.get(1)), rules.padding);
    } else {
      throw new BundleException(
          "a tokenizer needs tokenizer.json, or vocab.json and merges.txt, or spiece.model;"
              + " not "
              + files);
    }
    Map<String, String> whole = Map.of("truncation", "false", "padding", "false");
    try (InputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
      return new Tokenizer(HuggingFaceTokenizer.newInstance(in, whole), rules);
    } catch (IOException | RuntimeException broken) {
      throw new BundleException(
          "cannot open the tokenizer of %s: %s".formatted(files, broken.getMessage()), broken);
    }
  }

  /** Converts a prompt into exactly {@link Rules#length} tokens. */
  public Tokens read(String prompt) {
    String text = rules.lowerCase ? prompt.toLowerCase(Locale.ROOT) : prompt;
    Encoding encoding = tokenizer.encode(text, rules.ends, false);
    long[] all = encoding.getIds();
    List<Long> ids = new ArrayList<>();
    Optional<String> cutFrom = Optional.empty();
    if (all.length <= rules.length) {
      for (long id : all) {
        ids.add(id);
      }
    } else {
      int after = endsAfter(encoding.getSpecialTokenMask());
      int kept = Math.max(0, rules.length - after);
      for (int i = 0; i < kept; i++) {
        ids.add(all[i]);
      }
      for (int i = all.length - Math.min(after, rules.length); i < all.length; i++) {
        ids.add(all[i]);
      }
      cutFrom = word(prompt, text, encoding.getCharTokenSpans()[kept]);
    }
    int read = ids.size();
    while (ids.size() < rules.length) {
      ids.add(rules.padding);
    }
    return new Tokens(ids, read, cutFrom);
  }

  /** The number of special tokens at the end, which are kept when the text is cut. */
  private static int endsAfter(long[] added) {
    int after = 0;
    while (after < added.length && added[added.length - 1 - after] == 1) {
      after++;
    }
    return after;
  }

  /** The word of the prompt in which a token begins, ignoring white space before the token. */
  private static Optional<String> word(String prompt, String text, CharSpan token) {
    int at = text.offsetByCodePoints(0, token.getStart());
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    int words = words(text.substring(0, at)).size();
    boolean within = at > 0 && !Character.isWhitespace(text.charAt(at - 1));
    // Lower case may change the length of words but not their number, so words are found by count.
    return words(prompt).stream().skip(within ? words - 1 : words).findFirst();
  }

  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || Character.isWhitespace(text.charAt(i))) {
        if (i > start) {
          words.add(text.substring(start, i));
        }
        start = i + 1;
      }
    }
    return words;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
