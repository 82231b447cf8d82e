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
 * The words a bundle knows. Word i of {@code words} is token i + 1; 0 is padding.
 *
 * @param words what the networks were trained with
 * @param synonyms other words for the same, each to one or more of {@code words}
 * @param ignored words that carry nothing here and deserve no warning: a, the, over …
 * @param length how many tokens the networks read
 */
public record WordList(
    List<String> words, Map<String, List<String>> synonyms, Set<String> ignored, int length)
    implements PromptReader {
  private static final Pattern GAP = Pattern.compile("[^\\p{L}\\p{N}]+");

  public WordList {
    words = List.copyOf(words);
    synonyms = Map.copyOf(synonyms);
    // In one order, since a card is known by the digest of its JSON.
    ignored = Collections.unmodifiableSet(new TreeSet<>(ignored));
    if (words.isEmpty() || length < 1) {
      throw new IllegalArgumentException("a vocabulary needs words and a length");
    }
    for (List<String> meaning : synonyms.values()) {
      if (!words.containsAll(meaning)) {
        throw new IllegalArgumentException("synonym of unknown words: " + meaning);
      }
    }
  }

  /**
   * A prompt as the networks see it.
   *
   * @param tokens one id for each known word in the order of the prompt, padded with 0 to the
   *     vocabulary's length
   * @param warnings a sentence for each word that was not understood
   */
  public record Reading(List<Integer> tokens, List<String> warnings) {}

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
            "'%s' is not known here; the nearest words are %s".formatted(word, nearest(word)));
      }
    }
    if (tokens.isEmpty()) {
      warnings.add("no word of the prompt is known here, so it does not steer the result");
    } else if (tokens.size() > length) {
      warnings.add("only the first %s known words are read".formatted(length));
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
  private static int distance(String a, String b) {
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
