package glimt.safety.filter;

import glimt.safety.filter.PlainText.ReadWord;
import java.util.List;
import java.util.stream.Stream;

/** One or more words that follow each other, as {@link PromptRules} lists them. */
record Phrase(List<PhrasePart> parts) {
  Phrase {
    parts = List.copyOf(parts);
  }

  static Phrase of(String written) {
    return new Phrase(Stream.of(written.split(" ", -1)).map(PhrasePart::of).toList());
  }

  /** Whether the words from an index on are this phrase. */
  boolean begins(List<ReadWord> words, int at) {
    if (at + parts.size() > words.size()) {
      return false;
    }
    for (int i = 0; i < parts.size(); i++) {
      if (!parts.get(i).matches(words.get(at + i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * A word of a phrase.
   *
   * @param letters what it is, begins with, or has behind its number
   * @param stem whether it only begins so
   * @param below the number that it must be smaller than; 0 if it is no number
   */
  record PhrasePart(String letters, boolean stem, int below) {
    /** The shortest word that is looked for within letters that were spaced out. */
    private static final int LONG_ENOUGH = 4;

    private static final int MOST_DIGITS = 3;

    static PhrasePart of(String written) {
      if (written.startsWith("<")) {
        int digits = digits(written, 1);
        int below = Integer.parseInt(written.substring(1, 1 + digits));
        return new PhrasePart(written.substring(1 + digits), false, below);
      }
      boolean stem = written.endsWith("*");
      return new PhrasePart(stem ? written.substring(0, written.length() - 1) : written, stem, 0);
    }

    boolean matches(ReadWord word) {
      for (String form : word.forms()) {
        if (below > 0 ? isBelow(form) : isWord(form, word.run())) {
          return true;
        }
      }
      return false;
    }

    private boolean isWord(String form, boolean run) {
      return form.equals(letters)
          || (stem && form.startsWith(letters))
          || isStarred(form)
          || (run && letters.length() >= LONG_ENOUGH && form.contains(letters));
    }

    /** Whether a form in which stars stand for letters is the word; at least half must be there. */
    private boolean isStarred(String form) {
      if (form.indexOf('*') < 0 || form.length() < letters.length()) {
        return false;
      }
      if (form.length() > letters.length() && !stem) {
        return false;
      }
      int there = 0;
      for (int i = 0; i < letters.length(); i++) {
        if (form.charAt(i) == letters.charAt(i)) {
          there++;
        } else if (form.charAt(i) != '*') {
          return false;
        }
      }
      return 2 * there >= letters.length();
    }

    private boolean isBelow(String form) {
      int digits = digits(form, 0);
      return digits > 0
          && digits <= MOST_DIGITS
          && form.substring(digits).equals(letters)
          && Integer.parseInt(form.substring(0, digits)) < below;
    }

    private static int digits(String text, int from) {
      int at = from;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      return at - from;
    }
  }
}
