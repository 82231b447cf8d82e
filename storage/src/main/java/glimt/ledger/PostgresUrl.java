package glimt.ledger;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Parses the URL of a PostgreSQL database: JDBC's form {@code
 * jdbc:postgresql://HOST:PORT/NAME?user=…}, or the form of psql, other drivers and hosting
 * providers, {@code postgresql://USER:PASSWORD@HOST:PORT/NAME?…} (PostgreSQL manual, 32.1.1.2).
 */
record PostgresUrl(String jdbc, @Nullable String user, @Nullable String password) {
  private static final Pattern URL =
      Pattern.compile(
          "(?:jdbc:)?postgres(?:ql)?:(?://(?:([^@/?]*)@)?([^@/?]*)/?)?([^/?]*)(?:\\?(.*))?");

  private static final String FORMS =
      "must name a database as jdbc:postgresql://HOST:PORT/NAME?user=USER or"
          + " postgresql://USER@HOST:PORT/NAME";

  /** psql's parameters, and the JDBC driver's names for them. */
  private static final Map<String, String> PARAMETERS =
      Map.ofEntries(
          Map.entry("application_name", "ApplicationName"),
          Map.entry("channel_binding", "channelBinding"),
          Map.entry("connect_timeout", "connectTimeout"),
          Map.entry("gssencmode", "gssEncMode"),
          Map.entry("options", "options"),
          Map.entry("password", "password"),
          Map.entry("sslcert", "sslcert"),
          Map.entry("sslkey", "sslkey"),
          Map.entry("sslmode", "sslmode"),
          Map.entry("sslnegotiation", "sslNegotiation"),
          Map.entry("sslrootcert", "sslrootcert"),
          Map.entry("user", "user"));

  /**
   * Parses a URL of either form.
   *
   * @throws IllegalArgumentException if the URL has neither form, or has a parameter that the JDBC
   *     driver does not support; the message contains no password
   */
  static PostgresUrl parse(String url) {
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      throw new IllegalArgumentException(FORMS);
    }
    String who = parts.group(1);
    if (url.startsWith("jdbc:") && who == null) {
      return known(url.replaceFirst(":postgres:", ":postgresql:"), null, null);
    }
    int colon = who == null ? -1 : who.indexOf(':');
    String user = who == null || colon < 0 ? who : who.substring(0, colon);
    String password = who == null || colon < 0 ? null : who.substring(colon + 1);
    String host = parts.group(2) == null || parts.group(2).isEmpty() ? "localhost" : parts.group(2);
    String jdbc = "jdbc:postgresql://" + host + "/" + parts.group(3);
    String query = parts.group(4);
    if (query != null && !query.isEmpty()) {
      jdbc += "?" + (url.startsWith("jdbc:") ? query : translated(query));
    }
    return known(jdbc, plain(user), plain(password));
  }

  private static PostgresUrl known(String jdbc, @Nullable String user, @Nullable String password) {
    try {
      // Checked here, because the pool's error would contain the whole URL, password included.
      DriverManager.getDriver(jdbc);
    } catch (SQLException e) {
      throw new IllegalArgumentException(FORMS, e);
    }
    return new PostgresUrl(jdbc, user, password);
  }

  private static String translated(String query) {
    List<String> parameters = new ArrayList<>();
    for (String parameter : query.split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? parameter : parameter.substring(0, equals);
      String ours = PARAMETERS.get(name);
      if (ours == null) {
        throw new IllegalArgumentException(
            "has the parameter '%s', which glimt does not support in this form; give the URL as jdbc:postgresql://HOST/NAME?…"
                .formatted(name));
      }
      parameters.add(ours + parameter.substring(name.length()));
    }
    return String.join("&", parameters);
  }

  /** Decodes percent-encoding, in which a plus sign stands for itself. */
  private static @Nullable String plain(@Nullable String encoded) {
    return encoded == null || encoded.isEmpty()
        ? null
        : URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}
