package glimt.gateway;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * What every request passes first. Other people's pages must not steer a farm through the browser
 * of somebody who can reach it: so what changes something, and every WebSocket, has to come from
 * our own page or from no page at all; and a farm on loopback answers only to loopback's names,
 * which a foreign name that was pointed at 127.0.0.1 is not. Where there is a key, every request
 * has to show it, but for the question whether the farm is well.
 */
final class AccessCheck {
  static final String REQUEST_ID = "x-request-id";

  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.+\\.localhost|127(\\.\\d{1,3}){3}|\\[?::1\\]?");

  private static final Set<HttpMethod> SAFE = Set.of(HttpMethod.GET, HttpMethod.HEAD);

  private static final String HEALTH = "/healthz";

  private final boolean onLoopback;
  private final Optional<byte[]> credentials;

  AccessCheck(Gateway.Address address) {
    this.onLoopback = isLoopback(address.host());
    this.credentials = address.key().map(key -> bytes("Bearer " + key));
  }

  /** Whether nobody beyond this machine reaches what listens there. */
  static boolean isLoopback(String host) {
    return LOOPBACK.matcher(host).matches();
  }

  void pass(RoutingContext ctx) {
    greet(ctx.response());
    HttpServerRequest request = ctx.request();
    HostAndPort authority = request.authority();
    if (authority == null) {
      throw Problem.malformed("a request needs one Host").refusal();
    }
    if (onLoopback && !LOOPBACK.matcher(authority.host().toLowerCase(Locale.ROOT)).matches()) {
      throw Problem.misdirected("this farm answers to localhost and 127.0.0.1 only").refusal();
    }
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
    if (changes && origin != null && !isOurs(origin, request.getHeader(HttpHeaders.HOST))) {
      throw Problem.foreign("pages of other origins may not do that").refusal();
    }
    ctx.next();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static boolean isOurs(String origin, String host) {
    return origin.equalsIgnoreCase("http://" + host) || origin.equalsIgnoreCase("https://" + host);
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
