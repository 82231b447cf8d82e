package glimt.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Reads a prompt as one of a model's classes. The prompt is a class's number, or holds its name; of
 * several names the longest is read. The network is fed the number of the class, and {@code
 * classes} where there is none.
 *
 * @param names the class of each name, in any case; a class may have several names, or none
 * @param classes how many there are
 */
public record ClassNames(Map<String, Integer> names, int classes) implements PromptReader {
  private static final Pattern GAP = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

  public ClassNames {
    // Sorted, because a card is identified by the digest of its JSON.
    names = Collections.unmodifiableMap(new TreeMap<>(names));
    int count = classes;
    if (classes < 1 || names.values().stream().anyMatch(id -> id < 0 || id >= count)) {
      throw new IllegalArgumentException(
          "a reader of classes needs one or more, and names of classes from 0 to " + (classes - 1));
    }
  }

  /**
   * The result of reading a prompt.
   *
   * @param id the number of the class; {@code classes} if there is none
   * @param warnings a sentence on what was not read
   */
  public record ClassReading(int id, List<String> warnings) {}

  /** Finds the class of a prompt. */
  public ClassReading read(String prompt) {
    String said = words(prompt);
    if (NUMBER.matcher(said).matches()) {
      int id = Integer.parseInt(said);
      return id < classes
          ? new ClassReading(id, List.of())
          : none("the model has the classes 0 to %s, but no %s".formatted(classes - 1, id));
    }
    String found = "";
    int id = classes;
    for (Map.Entry<String, Integer> named : names.entrySet()) {
      String name = words(named.getKey());
      if (name.length() > found.length()
          && " %s ".formatted(said).contains(" %s ".formatted(name))) {
        found = name;
        id = named.getValue();
      }
    }
    if (found.isEmpty()) {
      return none("the prompt names none of the model's classes" + hint(said));
    }
    return new ClassReading(
        id,
        found.equals(said)
            ? List.of()
            : List.of("the model reads only the class '%s' of the prompt".formatted(found)));
  }

  @Override
  public int length() {
    return 1;
  }

  @Override
  public List<String> warnings(String prompt) {
    return read(prompt).warnings();
  }

  private ClassReading none(String why) {
    return new ClassReading(classes, List.of(why + ", so the prompt does not steer the result"));
  }

  private String hint(String said) {
    if (names.isEmpty()) {
      return ", which have no names: they are the numbers 0 to " + (classes - 1);
    }
    List<String> nearest = new ArrayList<>(names.keySet());
    nearest.sort(
        Comparator.comparingInt((String name) -> WordList.distance(said, words(name)))
            .thenComparing(name -> name));
    return "; the nearest names are "
        + String.join(", ", nearest.subList(0, Math.min(3, nearest.size())));
  }

  private static String words(String text) {
    return GAP.matcher(text.toLowerCase(Locale.ROOT)).replaceAll(" ").strip();
  }
}
