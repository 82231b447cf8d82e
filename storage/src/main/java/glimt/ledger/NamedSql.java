package glimt.ledger;

import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An SQL statement with named parameters, such as {@code WHERE id = :task AND attempt = :attempt}.
 * Each statement is a constant of its class, so its text is parsed once. A value never becomes part
 * of the text: each occurrence of a name becomes one {@code ?} of a {@link PreparedStatement}.
 *
 * <p>A name is a colon and a lower-case word. Casts ({@code ::text[]}), quoted text, quoted
 * identifiers, dollar-quoted text and comments stay as they are.
 */
final class NamedSql {
  private static final Pattern TOKEN =
      Pattern.compile(
          """
          '[^']*' | "[^"]*" | \\$(?<tag>\\w*)\\$ .*? \\$\\k<tag>\\$
          | --[^\\n]* | /\\* .*? \\*/
          | ::
          | :(?<name>[a-z][a-zA-Z0-9_]*)
          | (?<unnamed>\\?)
          """,
          Pattern.DOTALL | Pattern.COMMENTS);

  private final String text;
  private final List<String> names;

  private NamedSql(String text, List<String> names) {
    this.text = text;
    this.names = List.copyOf(names);
  }

  /**
   * @throws IllegalArgumentException if {@code sql} has a parameter without a name
   */
  static NamedSql of(String sql) {
    List<String> names = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    Matcher tokens = TOKEN.matcher(sql);
    while (tokens.find()) {
      String name = tokens.group("name");
      if (tokens.group("unnamed") != null) {
        throw new IllegalArgumentException("a parameter without a name in: " + sql);
      }
      if (name != null) {
        names.add(name);
      }
      tokens.appendReplacement(text, name == null ? Matcher.quoteReplacement(tokens.group()) : "?");
    }
    return new NamedSql(tokens.appendTail(text).toString(), names);
  }

  /** Returns the text for JDBC, with a {@code ?} for each occurrence of a name. */
  String text() {
    return text;
  }

  /** Returns the name of each {@code ?}, in order; a name that occurs twice is there twice. */
  List<String> names() {
    return names;
  }

  /**
   * Gives the first parameter its value.
   *
   * @throws IllegalArgumentException if the statement has no parameter of that name
   */
  Bound bind(String name, @Nullable Object value) {
    return new Bound().bind(name, value);
  }

  /** One execution of the statement: its parameters with their values. */
  final class Bound {
    private final Map<String, @Nullable Object> values = new HashMap<>();

    private Bound() {}

    /**
     * @throws IllegalArgumentException if the statement has no parameter of that name, or it has a
     *     value already
     */
    Bound bind(String name, @Nullable Object value) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException("no parameter :%s in: %s".formatted(name, text));
      }
      if (values.containsKey(name)) {
        throw new IllegalArgumentException("two values for :%s in: %s".formatted(name, text));
      }
      values.put(name, value);
      return this;
    }

    String text() {
      return text;
    }

    /**
     * Returns the value of each {@code ?}, in order.
     *
     * @throws IllegalArgumentException if a parameter has no value
     */
    @Nullable Object[] arguments() {
      if (!values.keySet().equals(Set.copyOf(names))) {
        List<String> missing = names.stream().filter(name -> !values.containsKey(name)).toList();
        throw new IllegalArgumentException(
            "no value for :%s in: %s".formatted(String.join(", :", missing), text));
      }
      return names.stream().map(values::get).toArray();
    }
  }
}
