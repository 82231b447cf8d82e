package glimt.safety.filter;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
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
 * (the commonest of Unicode's confusables), letters in circles, boxes and flags, digits and signs
 * in place of letters, a star in place of any letter, repeated letters, and signs or spaces between
 * letters. Numbers below twenty that are written as words are read as digits too.
 */
final class PlainText {
  /** Letters of other scripts, small capitals and signs with the letters that they look like. */
  private static final Map<Integer, Integer> ALIKE =
      pairs(
          "аa вb еe һh іi јj кk мm нh оo рp ѕs сc тt уy хx ԁd ԛq ԝw ѵv ѡw αa βb εe ηn ιi κk νv οo"
              + " ρp τt υu χx ωw ϲc ϳj օo սu հh ցg ոn ɑa ɡg ıi ɩi пn иn дd ∂d ƃb ɔc ǝe ɟf ɥh ɯm ɹr"
              + " ʇt ʌv ʎy ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy"
              + " ᴢz");

  /** The first of 26 letters each: in black circles, in black boxes, and those of flags. */
  private static final int[] FRAMED = {0x1F150, 0x1F170, 0x1F1E6};

  /** Text that is shown from right to left: Unicode's override, up to its end. */
  private static final Pattern TURNED = Pattern.compile("\\u202e([^\\u202c\\u2069\\n]*)");

  private static final Map<String, String> SOUNDS = Map.of("2", "to", "4", "for", "u", "you");

  private static final List<String> NUMBERS =
      List.of(
          "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
              .concat(" fifteen sixteen seventeen eighteen nineteen")
              .split(" ", -1));

  private static final Map<Character, Character> SIGNS =
      Map.of(
          '0', 'o', '3', 'e', '4', 'a', '5', 's', '7', 't', '@', 'a', '$', 's', '€', 'e', '+', 't');

  /** Signs that stand for either of two letters. */
  private static final String UPRIGHT = "1!|";

  private static final Pattern CHUNK = Pattern.compile("\\S+");
  private static final Pattern PIECE = Pattern.compile("[\\p{L}\\p{N}@$!|€+*]+");
  private static final Pattern REPEATED = Pattern.compile("(.)\\1{2,}");
  private static final int SHORTEST_RUN = 3;
  private static final int LETTERS = 26;

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

  /**
   * Returns the words of a text. What signs part is read apart and joined, and what is shown turned
   * is read both ways; these readings follow each other, with {@link ReadWord#NONE} between them.
   */
  static List<ReadWord> words(String text) {
    List<ReadWord> words = read(text, false);
    add(words, read(text, true));
    Matcher turned = TURNED.matcher(text);
    if (turned.find()) {
      String straight =
          turned.replaceAll(
              part ->
                  Matcher.quoteReplacement(new StringBuilder(part.group(1)).reverse().toString()));
      add(words, read(straight, true));
    }
    return words;
  }

  private static void add(List<ReadWord> words, List<ReadWord> others) {
    if (!words.equals(others)) {
      words.add(ReadWord.NONE);
      words.addAll(others);
    }
  }

  private static List<ReadWord> read(String text, boolean joined) {
    List<ReadWord> words = new ArrayList<>();
    List<String> single = new ArrayList<>();
    Matcher chunks = CHUNK.matcher(plain(text));
    while (chunks.find()) {
      List<String> pieces = pieces(chunks.group());
      boolean letters = pieces.stream().allMatch(piece -> piece.length() == 1);
      for (String piece : joined && !letters ? List.of(String.join("", pieces)) : pieces) {
        if (piece.length() == 1) {
          single.add(piece);
        } else {
          endRun(single, words);
          words.add(new ReadWord(forms(piece), false));
        }
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
      single.forEach(
          letter ->
              words.add(
                  new ReadWord(
                      new HashSet<>(List.of(letter, SOUNDS.getOrDefault(letter, letter))), false)));
    }
    single.clear();
  }

  private static List<String> pieces(String chunk) {
    List<String> pieces = new ArrayList<>();
    Matcher matcher = PIECE.matcher(chunk);
    while (matcher.find()) {
      String piece = matcher.group().replaceAll("^[!|+*]+|[!|+*]+$", "");
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
        .forEach(point -> plain.appendCodePoint(ALIKE.getOrDefault(point, unframed(point))));
    return plain.toString();
  }

  private static int unframed(int point) {
    for (int first : FRAMED) {
      if (point >= first && point < first + LETTERS) {
        return 'a' + point - first;
      }
    }
    return point;
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
      forms.add(form.replace('v', 'u'));
      forms.add(form.endsWith("z") ? form.substring(0, form.length() - 1) + "s" : form);
      forms.add(form.replace("*", ""));
    }
    int number = NUMBERS.indexOf(piece);
    if (number >= 0) {
      forms.add(Integer.toString(number));
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
