package glimt.safety.filter;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a prompt as its words, whatever was done to disguise them: compatibility characters (NFKC),
 * accents, invisible and direction-changing characters, letters of other scripts that look alike
 * (the commonest of Unicode's confusables), digits and signs in place of letters, repeated letters,
 * and signs or spaces between letters.
 */
final class PlainText {
  /** Cyrillic, Greek and Armenian letters with the Latin ones that they look like. */
  private static final Map<Integer, Integer> ALIKE =
      pairs(
          "аa вb еe һh іi јj кk мm нh оo рp ѕs сc тt уy хx ԁd ԛq ԝw ѵv ѡw"
              + " αa βb εe ηn ιi κk νv οo ρp τt υu χx ωw ϲc ϳj օo սu հh ցg ոn ɑa ɡg ıi ɩi ʀr ɴn");

  private static final Map<Character, Character> SIGNS =
      Map.of(
          '0', 'o', '3', 'e', '4', 'a', '5', 's', '7', 't', '@', 'a', '$', 's', '€', 'e', '+', 't');

  /** Signs that stand for either of two letters. */
  private static final String UPRIGHT = "1!|";

  private static final Pattern CHUNK = Pattern.compile("\\S+");
  private static final Pattern PIECE = Pattern.compile("[\\p{L}\\p{N}@$!|€+]+");
  private static final Pattern REPEATED = Pattern.compile("(.)\\1{2,}");
  private static final int SHORTEST_RUN = 3;

  private PlainText() {}

  /**
   * A word as it may be meant.
   *
   * @param forms the ways to read it
   * @param run whether it is made of single letters, of which a part may be the word
   */
  record ReadWord(Set<String> forms, boolean run) {
    /** In place of a word that was taken away. */
    static final ReadWord NONE = new ReadWord(Set.of(), false);

    ReadWord {
      forms = Set.copyOf(forms);
    }
  }

  /** Returns the words of a text. */
  static List<ReadWord> words(String text) {
    List<ReadWord> words = new ArrayList<>();
    List<String> single = new ArrayList<>();
    Matcher chunks = CHUNK.matcher(plain(text));
    while (chunks.find()) {
      List<String> pieces = pieces(chunks.group());
      for (String piece : pieces) {
        if (piece.length() == 1) {
          single.add(piece);
        } else {
          endRun(single, words);
          words.add(new ReadWord(forms(piece), false));
        }
      }
      boolean parted = pieces.size() > 1 && pieces.stream().anyMatch(piece -> piece.length() > 1);
      if (parted) {
        words.add(new ReadWord(forms(String.join("", pieces)), false));
      }
    }
    endRun(single, words);
    return words;
  }

  /** Single letters are words of their own, or one word that was spaced out. */
  private static void endRun(List<String> single, List<ReadWord> words) {
    if (single.size() >= SHORTEST_RUN) {
      words.add(new ReadWord(forms(String.join("", single)), true));
    } else {
      single.forEach(letter -> words.add(new ReadWord(Set.of(letter), false)));
    }
    single.clear();
  }

  private static List<String> pieces(String chunk) {
    List<String> pieces = new ArrayList<>();
    Matcher matcher = PIECE.matcher(chunk);
    while (matcher.find()) {
      String piece = matcher.group().replaceAll("^[!|+]+|[!|+]+$", "");
      if (!piece.isEmpty()) {
        pieces.add(piece);
      }
    }
    return pieces;
  }

  /** The text in lower case, with letters that look alike made one. */
  private static String plain(String text) {
    String apart = Normalizer.normalize(text, Normalizer.Form.NFKD).toLowerCase(Locale.ROOT);
    StringBuilder plain = new StringBuilder();
    apart
        .codePoints()
        .filter(PlainText::isShown)
        .forEach(point -> plain.appendCodePoint(ALIKE.getOrDefault(point, point)));
    return plain.toString();
  }

  private static boolean isShown(int point) {
    return switch (Character.getType(point)) {
      case Character.FORMAT, Character.NON_SPACING_MARK, Character.ENCLOSING_MARK -> false;
      case Character.CONTROL -> Character.isWhitespace(point);
      default -> true;
    };
  }

  /** The ways to read a piece: as it is, and with its signs as letters. */
  private static Set<String> forms(String piece) {
    Set<String> forms = new LinkedHashSet<>();
    forms.add(piece);
    if (piece.chars().anyMatch(Character::isLetter)) {
      forms.add(spelt(piece, 'i'));
      forms.add(spelt(piece, 'l'));
    }
    for (String form : List.copyOf(forms)) {
      if (REPEATED.matcher(form).find()) {
        forms.add(REPEATED.matcher(form).replaceAll("$1"));
        forms.add(REPEATED.matcher(form).replaceAll("$1$1"));
      }
    }
    return forms;
  }

  private static String spelt(String piece, char upright) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < piece.length(); i++) {
      char sign = piece.charAt(i);
      out.append(UPRIGHT.indexOf(sign) >= 0 ? upright : SIGNS.getOrDefault(sign, sign));
    }
    return out.toString();
  }

  private static Map<Integer, Integer> pairs(String listed) {
    Map<Integer, Integer> pairs = new HashMap<>();
    for (String pair : listed.split(" ", -1)) {
      pairs.put(pair.codePointAt(0), pair.codePointAt(1));
    }
    return Map.copyOf(pairs);
  }
}
