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
 * PublishedSettings that are read by name, with defaults. What nobody has read when {@link #close}
 * is called is refused.
 */
final class PublishedSettings {
  private static final Pattern RELEASE = Pattern.compile("0\\.(\\d{1,6})");

  private final String owner;
  private final Map<String, String> defaults;
  private final Map<String, ?> given;
  private final Set<String> unread;
  private final String release;

  /**
   * PublishedSettings of a class.
   *
   * @param owner as errors name it, with its article
   * @param defaults every setting there is
   * @param given those that are stated; others than there are must have been sifted out
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

  /** Whether it has a value that is not null. */
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
      throw new AssertionError("%s has no '%s'".formatted(owner, key));
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

  /** A flag that classes without it do not raise. */
  boolean flagIfKnown(String key) {
    return knows(key) && flag(key);
  }

  String text(String key) {
    return need(key) instanceof String text ? text : fail(key);
  }

  private String fail(String key) {
    throw refused(key);
  }

  /** One of these words. */
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

  /** Says that a setting, whatever it is, changes nothing here. */
  PublishedSettings indifferent(String... keys) {
    Arrays.asList(keys).forEach(unread::remove);
    return this;
  }

  /** Refuses a setting unless it is null or as by default. */
  void untouched(String key) {
    Object value = value(key);
    if (value != null && !value.toString().equals(defaults.get(key))) {
      throw refused(key);
    }
  }

  /** The refusal of a setting's value. */
  UnknownSettingException refused(String key) {
    return new UnknownSettingException(
        "scheduler key '%s' = %s of %s is not known here".formatted(key, shown(key), owner));
  }

  /** The refusal of a setting's value beside another's. */
  UnknownSettingException refused(String key, String because) {
    return new UnknownSettingException(
        "scheduler key '%s' = %s of %s is not known here %s"
            .formatted(key, shown(key), owner, because));
  }

  private Object shown(String key) {
    Object value = given.containsKey(key) ? given.get(key) : defaults.get(key);
    return value == null ? "null" : value;
  }

  /** Refuses what nobody has read. */
  void close() {
    for (String key : unread) {
      throw refused(key);
    }
  }
}
