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
 * Reads prompts as published text encoders do: in byte pairs, unigrams or word pieces, by the
 * library that their makers use (native, and without a network).
 */
public final class Tokenizer implements AutoCloseable {

  /**
   * How a prompt is read.
   *
   * @param length how many tokens a reading has, ends and padding included
   * @param padding the id that fills it up
   * @param ends whether the tokens that begin and end a text are added
   * @param lowerCase whether the text is put in lower case first; a {@code tokenizer.json} may do
   *     that by itself
   */
  public record Rules(int length, long padding, boolean ends, boolean lowerCase) {
    public Rules {
      if (length < 1 || padding < 0) {
        throw new IllegalArgumentException(
            "a prompt of " + length + " tokens padded with " + padding + " cannot be read");
      }
    }
  }

  /**
   * A prompt as an encoder sees it.
   *
   * @param ids as many as the rules say
   * @param read how many of them are of the text and its ends; the rest is padding
   * @param cutFrom the first word that was not read, or not to its end; empty if all were
   */
  public record Tokens(List<Long> ids, int read, Optional<String> cutFrom) {
    public Tokens {
      ids = List.copyOf(ids);
    }

    /** 1 for each token of the text and its ends, 0 for padding. */
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
   * Opens a tokenizer from the files that published models have.
   *
   * @param files {@code tokenizer.json}; or {@code vocab.json} and {@code merges.txt}, CLIP's byte
   *     pairs; or {@code spiece.model}, T5's unigrams
   * @param bytes gives a file's bytes by its name
   * @throws BundleException if they are not understood
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
          "a prompt is read by tokenizer.json, by vocab.json and merges.txt, or by spiece.model;"
              + " not by "
              + files);
    }
    Map<String, String> whole = Map.of("truncation", "false", "padding", "false");
    try (InputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
      return new Tokenizer(HuggingFaceTokenizer.newInstance(in, whole), rules);
    } catch (IOException | RuntimeException broken) {
      throw new BundleException(
          "the tokenizer of %s is not understood: %s".formatted(files, broken.getMessage()),
          broken);
    }
  }

  /** Reads a prompt. */
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

  /** How many tokens at the end were added, and stay when the text is cut. */
  private static int endsAfter(long[] added) {
    int after = 0;
    while (after < added.length && added[added.length - 1 - after] == 1) {
      after++;
    }
    return after;
  }

  /** The word of the prompt in which a token begins, a gap before it left out. */
  private static Optional<String> word(String prompt, String text, CharSpan token) {
    int at = text.offsetByCodePoints(0, token.getStart());
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    int words = words(text.substring(0, at)).size();
    boolean within = at > 0 && !Character.isWhitespace(text.charAt(at - 1));
    // To put a text in lower case changes how long its words are, and not how many.
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
