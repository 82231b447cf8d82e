package glimt.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A tokenizer by a fixed list of words. Word i of {@code words} is token i + 1; 0 is padding.
 *
 * @param words the words that the networks were trained with, in lower case
 * @param synonyms for each further word, the one or more of {@code words} that it stands for
 * @param ignored words without a meaning here, such as a, the, over; they cause no warning
 * @param length how many tokens the networks read
 */
public record WordList(
    List<String> words, Map<String, List<String>> synonyms, Set<String> ignored, int length)
    implements PromptReader {
  private static final Pattern GAP = Pattern.compile("[^\\p{L}\\p{N}]+");

  public WordList {
    words = List.copyOf(words);
    synonyms = Map.copyOf(synonyms);
    // Sorted, because a card is identified by the digest of its JSON.
    ignored = Collections.unmodifiableSet(new TreeSet<>(ignored));
    if (words.isEmpty() || length < 1) {
      throw new IllegalArgumentException(
          "a list of words needs a word or more and a length above 0");
    }
    for (List<String> meaning : synonyms.values()) {
      if (!words.containsAll(meaning)) {
        throw new IllegalArgumentException(
            "a synonym stands for %s, which are not all in the list of words".formatted(meaning));
      }
    }
  }

  /**
   * The result of reading a prompt.
   *
   * @param tokens one id for each known word in the order of the prompt, padded with 0 or cut to
   *     {@code length}
   * @param warnings a sentence for each unknown word, and for a prompt without known words or with
   *     too many
   */
  public record Reading(List<Integer> tokens, List<String> warnings) {}

  /** Turns a prompt into tokens; words are runs of letters and digits, in any case. */
  public Reading read(String prompt) {
    Map<String, Integer> ids = new HashMap<>();
    for (int i = 0; i < words.size(); i++) {
      ids.put(words.get(i), i + 1);
    }
    List<Integer> tokens = new ArrayList<>();
    Set<String> warnings = new LinkedHashSet<>();
    for (String word : GAP.splitAsStream(prompt.toLowerCase(Locale.ROOT)).toList()) {
      if (ids.containsKey(word)) {
        tokens.add(ids.get(word));
      } else if (synonyms.containsKey(word)) {
        synonyms.get(word).forEach(meant -> tokens.add(ids.get(meant)));
      } else if (!word.isEmpty() && !ignored.contains(word)) {
        warnings.add(
            "the model does not know '%s' and ignores it; the nearest known words are %s"
                .formatted(word, String.join(", ", nearest(word))));
      }
    }
    if (tokens.isEmpty()) {
      warnings.add(
          "the model knows no word of the prompt, so the prompt does not steer the result");
    } else if (tokens.size() > length) {
      warnings.add(
          "the prompt has %s known words, but the model reads only the first %s"
              .formatted(tokens.size(), length));
    }
    List<Integer> padded = new ArrayList<>(tokens.subList(0, Math.min(length, tokens.size())));
    while (padded.size() < length) {
      padded.add(0);
    }
    return new Reading(List.copyOf(padded), List.copyOf(warnings));
  }

  @Override
  public List<String> warnings(String prompt) {
    return read(prompt).warnings();
  }

  private List<String> nearest(String word) {
    Set<String> known = new LinkedHashSet<>(words);
    known.addAll(synonyms.keySet());
    return known.stream()
        .sorted(
            Comparator.comparingInt((String other) -> distance(word, other))
                .thenComparing(other -> other))
        .limit(3)
        .toList();
  }

  /** Levenshtein 1966: the least number of letters to insert, delete or replace. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
