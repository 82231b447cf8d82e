package glimt.gateway;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * Checks every request before it is routed. A foreign web page must not control a farm through the
 * browser of someone who can reach it (CSRF, DNS rebinding): requests that change something, and
 * WebSockets, must come from the farm's own page or from no page at all, and every request must be
 * addressed to one of the farm's {@link Names}. Keys are {@link Admission}'s.
 */
final class AccessCheck {
  static final String REQUEST_ID = "x-request-id";

  private static final Set<HttpMethod> SAFE =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  private static final String PREFIX = "prefix";

  private final Names names;

  AccessCheck(Names names) {
    this.names = names;
  }

  /**
   * Passes a request on to its route.
   *
   * @param trusted whether the request's forwarding headers are believed
   * @throws Problem.Refusal if the request is not allowed
   */
  void pass(RoutingContext ctx, boolean trusted) {
    greet(ctx.response());
    HttpServerRequest request = ctx.request();
    HostAndPort host = Names.host(request);
    HostAndPort asked = Names.asked(request);
    if (host == null || asked == null) {
      throw Problem.malformed("the request must have exactly one valid Host header").refusal();
    }
    names.answer(host);
    names.answer(asked);
    String origin = request.getHeader(HttpHeaders.ORIGIN);
    boolean changes =
        !SAFE.contains(request.method()) || request.headers().contains(HttpHeaders.UPGRADE);
    if (changes && origin != null) {
      names.refuseStrangers(origin, asked);
    }
    ctx.put(PREFIX, names.prefix(request, trusted, asked));
    ctx.next();
  }

  /** The path prefix of the links in an answer, so that clients behind a proxy can follow them. */
  static String prefix(RoutingContext ctx) {
    return Objects.requireNonNull(ctx.get(PREFIX));
  }

  /** Sets the headers that every answer has. */
  static void greet(HttpServerResponse response) {
    response
        .putHeader(REQUEST_ID, UUID.randomUUID().toString())
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("Referrer-Policy", "no-referrer")
        .putHeader("Cross-Origin-Resource-Policy", "same-origin")
        .putHeader("Cross-Origin-Opener-Policy", "same-origin")
        .putHeader(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
                + " media-src 'self' blob:; connect-src 'self'; base-uri 'none';"
                + " form-action 'none'; frame-ancestors 'none'");
  }
}
