package glimt.safety.filter;

import com.fasterxml.jackson.annotation.JsonCreator;
import glimt.safety.filter.PlainText.ReadWord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Phrases that are looked for together. They are found by their first word, so that a prompt costs
 * what its own words cost, not what the list does.
 */
final class PhraseList {
  private final List<Phrase> all = new ArrayList<>();
  private final Map<String, List<Phrase>> byWord = new HashMap<>();
  private final Map<String, List<Phrase>> byStem = new HashMap<>();
  private final List<Phrase> byNumber = new ArrayList<>();
  private int longestStem;

  /**
   * @param written phrases as {@link PromptRules} has them
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  PhraseList(List<String> written) {
    written.stream().map(Phrase::of).forEach(this::add);
  }

  private void add(Phrase phrase) {
    all.add(phrase);
    Phrase.PhrasePart first = phrase.parts().getFirst();
    if (first.below() > 0) {
      byNumber.add(phrase);
    } else {
      longestStem = first.stem() ? Math.max(longestStem, first.letters().length()) : longestStem;
      (first.stem() ? byStem : byWord)
          .computeIfAbsent(first.letters(), _ -> new ArrayList<>())
          .add(phrase);
    }
  }

  /** Returns whether any phrase is among some words. */
  boolean isIn(List<ReadWord> words) {
    for (int at = 0; at < words.size(); at++) {
      for (Phrase phrase : candidates(words.get(at))) {
        if (phrase.begins(words, at)) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Removes every phrase, the longest of a place, from some words; what was around it does not
   * become adjacent.
   */
  void takeFrom(List<ReadWord> words) {
    for (int at = 0; at < words.size(); at++) {
      int longest = 0;
      for (Phrase phrase : candidates(words.get(at))) {
        if (phrase.parts().size() > longest && phrase.begins(words, at)) {
          longest = phrase.parts().size();
        }
      }
      for (int i = 0; i < longest; i++) {
        words.set(at + i, ReadWord.NONE);
      }
    }
  }

  /** The phrases that may begin with a word; all of them for a word that hides letters. */
  private List<Phrase> candidates(ReadWord word) {
    List<Phrase> some = new ArrayList<>();
    for (String form : word.forms()) {
      if (word.run() || form.indexOf('*') >= 0) {
        return all;
      }
      some.addAll(byWord.getOrDefault(form, List.of()));
      for (int length = 1; length <= Math.min(form.length(), longestStem); length++) {
        some.addAll(byStem.getOrDefault(form.substring(0, length), List.of()));
      }
      if (Character.isDigit(form.charAt(0))) {
        some.addAll(byNumber);
      }
    }
    return some;
  }
}
