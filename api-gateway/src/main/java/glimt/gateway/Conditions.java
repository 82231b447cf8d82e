package glimt.gateway;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a request makes its answer depend on, by RFC 9110 section 13. All our tags are strong. */
final class Conditions {
  private Conditions() {}

  /**
   * Whether whoever asks has it already, which is 304.
   *
   * @param tag of what would be sent, with its quotes
   * @throws Problem.ProblemException if it wants another
   */
  static boolean isKnown(HttpServerRequest request, String tag) {
    String wanted = request.getHeader(HttpHeaders.IF_MATCH);
    if (wanted != null && !anyOf(wanted, tag::equals)) {
      throw Problem.changed().refusal();
    }
    String known = request.getHeader(HttpHeaders.IF_NONE_MATCH);
    // Compared weakly: proxies that compress make a strong tag weak.
    return known != null && anyOf(known, one -> tag.equals(one.replaceFirst("^W/", "")));
  }

  /** Whether a range is asked for of what would be sent, and not of another. */
  static boolean isOfThis(HttpServerRequest request, String tag) {
    @Nullable String ifRange = request.getHeader("If-Range");
    return ifRange == null || ifRange.equals(tag);
  }

  private static boolean anyOf(String tags, Predicate<String> matches) {
    return Arrays.stream(tags.split(",", -1))
        .map(String::strip)
        .anyMatch(one -> one.equals("*") || matches.test(one));
  }
}
