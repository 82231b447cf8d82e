package glimt.json;

import java.util.Locale;

/** How a constant is spelt outside of Java, in SQL, JSON, files and addresses: in lower case. */
public final class EnumWord {
  private EnumWord() {}

  /** The word of a constant. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The constant of a word.
   *
   * @throws IllegalArgumentException if the type has no such constant
   */
  public static <T extends Enum<T>> T read(Class<T> type, String word) {
    return Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
  }
}
