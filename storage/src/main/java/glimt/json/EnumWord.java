package glimt.json;

import java.util.Locale;

/**
 * Spells enum constants outside of Java. SQL, JSON, files and URLs all use the constant's name in
 * lower case.
 */
public final class EnumWord {
  private EnumWord() {}

  /** Returns the lower-case name of a constant. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the constant that a word spells, in either case.
   *
   * @throws IllegalArgumentException if the type has no such constant
   */
  public static <T extends Enum<T>> T read(Class<T> type, String word) {
    return Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
  }
}
