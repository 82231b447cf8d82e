package glimt.gateway;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What every request passes first. Other people's pages must not steer a farm through the browser
 * of somebody who can reach it: so what changes something, and every WebSocket, has to come from
 * our own page or from no page at all, and the request has to be for one of our {@link Names}.
 * Where there is a key, every request has to show it, but for the question whether the farm is
 * well.
 */
final class AccessCheck {
  static final String REQUEST_ID = "x-request-id";

  private static final Set<HttpMethod> SAFE =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  private static final String HEALTH = "/healthz";
  private static final String PREFIX = "prefix";

  private final Names names;
  private final Optional<byte[]> credentials;

  AccessCheck(Names names, Optional<String> key) {
    this.names = names;
    this.credentials = key.map(word -> bytes("Bearer " + word));
  }

  /**
   * @param trusted whether what the other end says of whom it speaks for is believed
   */
  void pass(RoutingContext ctx, boolean trusted) {
    greet(ctx.response());
    HttpServerRequest request = ctx.request();
    HostAndPort host = Names.host(request);
    HostAndPort asked = Names.asked(request);
    if (host == null || asked == null) {
      throw Problem.malformed("a request needs one Host").refusal();
    }
    names.answer(host);
    names.answer(asked);
    if (credentials.isPresent() && !HEALTH.equals(request.path())) {
      String shown = request.getHeader(HttpHeaders.AUTHORIZATION);
      // Takes as long whatever is wrong with it.
      if (shown == null || !MessageDigest.isEqual(bytes(shown), credentials.get())) {
        throw Problem.stranger("this farm wants its key, as Authorization: Bearer KEY").refusal();
      }
    }
    String origin = request.getHeader(HttpHeaders.ORIGIN);
    boolean changes =
        !SAFE.contains(request.method()) || request.headers().contains(HttpHeaders.UPGRADE);
    if (changes && origin != null) {
      names.refuseStrangers(origin, asked);
    }
    ctx.put(PREFIX, names.prefix(request, trusted, asked));
    ctx.next();
  }

  /** What the addresses in an answer begin with, so that whoever asked can follow them. */
  static String prefix(RoutingContext ctx) {
    return Objects.requireNonNull(ctx.get(PREFIX));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The headers of every answer. */
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
