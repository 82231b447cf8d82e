package glimt.gateway;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Evaluates conditional requests (RFC 9110, section 13). All entity tags here are strong. */
final class Conditions {
  private Conditions() {}

  /**
   * Whether the client has the current representation already, so that the answer is 304.
   *
   * @param tag the entity tag of the current representation, with its quotes
   * @throws Problem.Refusal 412, if If-Match names only other tags
   */
  static boolean isKnown(HttpServerRequest request, String tag) {
    String wanted = request.getHeader(HttpHeaders.IF_MATCH);
    if (wanted != null && !anyOf(wanted, tag::equals)) {
      throw Problem.changed().refusal();
    }
    String known = request.getHeader(HttpHeaders.IF_NONE_MATCH);
    // Compare weakly, because proxies that compress turn a strong tag into a weak one.
    return known != null && anyOf(known, one -> tag.equals(one.replaceFirst("^W/", "")));
  }

  /** Whether a requested range refers to the representation with this tag (If-Range). */
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
