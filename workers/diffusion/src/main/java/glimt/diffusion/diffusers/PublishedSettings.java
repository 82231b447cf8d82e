package glimt.diffusion.diffusers;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Settings that are read by name, with defaults. {@link #close} rejects settings that have not been
 * read, so that none is ignored by accident.
 */
final class PublishedSettings {
  private static final Pattern RELEASE = Pattern.compile("0\\.(\\d{1,6})");

  private final String owner;
  private final Map<String, String> defaults;
  private final Map<String, ?> given;
  private final Set<String> unread;
  private final String release;

  /**
   * Creates the settings of a class.
   *
   * @param owner the owner of the settings, for error messages
   * @param defaults all settings of the owner
   * @param given the settings with explicit values
   * @throws UnknownSettingException if a given setting does not exist
   */
  PublishedSettings(String owner, Map<String, String> defaults, Map<String, ?> given) {
    this(owner, defaults, given, "");
  }

  /**
   * PublishedSettings of a class.
   *
   * @param release of diffusers that wrote them, such as {@code 0.35.2}; empty if that is not said
   */
  PublishedSettings(
      String owner, Map<String, String> defaults, Map<String, ?> given, String release) {
    this.release = release;
    this.owner = owner;
    this.defaults = defaults;
    this.given = given;
    this.unread = new TreeSet<>(given.keySet());
    for (String key : given.keySet()) {
      if (!defaults.containsKey(key)) {
        throw refused(key);
      }
    }
  }

  /** Whether a release of diffusers before {@code 0.MINOR} wrote the settings. */
  boolean before(int minor) {
    Matcher written = RELEASE.matcher(release);
    return written.lookingAt() && Integer.parseInt(written.group(1)) < minor;
  }

  /** Whether the class has this setting at all. */
  boolean knows(String key) {
    return defaults.containsKey(key);
  }

  /** Whether a setting has a value other than null. */
  boolean has(String key) {
    return value(key) != null;
  }

  private @Nullable Object value(String key) {
    unread.remove(key);
    if (given.containsKey(key)) {
      return given.get(key);
    }
    String standard = defaults.get(key);
    if (standard == null) {
      throw new AssertionError("%s has no setting '%s'".formatted(owner, key));
    }
    return switch (standard) {
      case "null" -> null;
      case "true" -> true;
      case "false" -> false;
      case "[]" -> List.of();
      default -> standard;
    };
  }

  private Object need(String key) {
    Object value = value(key);
    if (value == null) {
      throw refused(key);
    }
    return value;
  }

  /** The value of a setting as a number. */
  double number(String key) {
    return switch (need(key)) {
      case Number number -> number.doubleValue();
      case String text -> parsed(key, text);
      default -> throw refused(key);
    };
  }

  private double parsed(String key, String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException _) {
      throw refused(key);
    }
  }

  int integer(String key) {
    double number = number(key);
    if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
      throw refused(key);
    }
    return (int) number;
  }

  boolean flag(String key) {
    return switch (value(key)) {
      case Boolean flag -> flag;
      case null -> false;
      default -> throw refused(key);
    };
  }

  /** The value of a flag, or false if the class does not have it. */
  boolean flagIfKnown(String key) {
    return knows(key) && flag(key);
  }

  String text(String key) {
    return need(key) instanceof String text ? text : fail(key);
  }

  private String fail(String key) {
    throw refused(key);
  }

  /** The value of a setting as a constant of an enum. */
  <E extends Enum<E>> E choice(String key, Class<E> type) {
    String text = text(key);
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> constant.name().toLowerCase(Locale.ROOT).equals(text))
        .findFirst()
        .orElseThrow(() -> refused(key));
  }

  double[] numbers(String key) {
    if (!(need(key) instanceof List<?> list)) {
      throw refused(key);
    }
    return list.stream()
        .mapToDouble(
            element -> {
              if (element instanceof Number number) {
                return number.doubleValue();
              }
              throw refused(key);
            })
        .toArray();
  }

  /** Declares that settings have no effect on the walk, whatever their values. */
  PublishedSettings indifferent(String... keys) {
    Arrays.asList(keys).forEach(unread::remove);
    return this;
  }

  /** Rejects a setting unless it is null or has its default value. */
  void untouched(String key) {
    Object value = value(key);
    if (value != null && !value.toString().equals(defaults.get(key))) {
      throw refused(key);
    }
  }

  /** The exception for an unsupported value of a setting. */
  UnknownSettingException refused(String key) {
    return new UnknownSettingException(
        "scheduler key '%s' = %s of %s is not supported".formatted(key, shown(key), owner));
  }

  /** The exception for a value that is not supported under some condition. */
  UnknownSettingException refused(String key, String because) {
    return new UnknownSettingException(
        "scheduler key '%s' = %s of %s is not supported %s"
            .formatted(key, shown(key), owner, because));
  }

  private Object shown(String key) {
    Object value = given.containsKey(key) ? given.get(key) : defaults.get(key);
    return value == null ? "null" : value;
  }

  /** Rejects settings that have not been read. */
  void close() {
    for (String key : unread) {
      throw refused(key);
    }
  }
}
