package glimt.gateway;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The host names that a farm answers to, and the proxies it trusts. A farm on loopback answers to
 * the names of loopback and of its public URLs only; this defeats DNS rebinding, where a foreign
 * name is made to resolve to 127.0.0.1. The host that a proxy forwards must be one of these names
 * too. Proxies on this machine and at the configured addresses are trusted.
 */
final class Names {
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.+\\.localhost|127(\\.\\d{1,3}){3}|\\[?::1\\]?");

  private static final Pattern PREFIX = Pattern.compile("(/[A-Za-z0-9._~-]{1,64}){1,8}");

  private static final int SHOWN = 100;

  private final boolean onLoopback;
  private final List<URI> publicUrls;
  private final Set<String> proxies;

  Names(Gateway.Address address) {
    this.onLoopback = isLoopback(address.host());
    this.publicUrls = address.publicUrls();
    this.proxies = address.proxies();
  }

  /** Whether only this machine can reach a server that listens on this host. */
  static boolean isLoopback(String host) {
    return LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches();
  }

  /** Whether the request comes from a trusted proxy, whose forwarding headers are believed. */
  boolean trusts(HttpServerRequest request) {
    String peer = request.remoteAddress().hostAddress();
    if (peer == null) {
      return false;
    }
    try {
      InetAddress address = InetAddress.ofLiteral(peer.split("%", 2)[0]);
      return address.isLoopbackAddress() || proxies.contains(address.getHostAddress());
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Checks that a request is addressed to this farm.
   *
   * @param at the authority in the Host header, or the one that a trusted proxy forwarded
   * @throws Problem.Refusal 421, if it is another
   */
  void answer(HostAndPort at) {
    boolean ours =
        !onLoopback
            || isLoopback(at.host())
            || publicUrls.stream().anyMatch(url -> url.getHost().equalsIgnoreCase(at.host()));
    if (!ours) {
      throw Problem.misdirected(
              "this farm answers to %s, but the request is for %s; if a proxy serves the farm there,"
                      .formatted(known(), shown(text(at)))
                  + " start the farm with --public-url http://"
                  + shown(text(at)))
          .refusal();
    }
  }

  /**
   * Checks that a page may send a request.
   *
   * @param origin the page's origin, from the Origin header
   * @throws Problem.Refusal 403, if it is neither the request's origin nor that of a public URL
   */
  void refuseStrangers(String origin, HostAndPort at) {
    if (!isOurs(origin, at)) {
      throw Problem.foreign(
              "pages of other origins may not do that: the page is from %s, the farm is at %s; if a"
                      .formatted(shown(origin), shown(text(at)))
                  + " proxy serves the farm there, start the farm with --public-url "
                  + shown(origin))
          .refusal();
    }
  }

  private boolean isOurs(String origin, HostAndPort at) {
    WebOrigin page = WebOrigin.of(origin);
    return page != null
        && (page.isOf(at.host(), at.port())
            || publicUrls.stream().map(url -> WebOrigin.of(url.toString())).anyMatch(page::equals));
  }

  /** The path below which the client sees the farm: empty, or such as {@code /glimt}. */
  String prefix(HttpServerRequest request, boolean trusted, HostAndPort at) {
    String forwarded = trusted ? request.getHeader("X-Forwarded-Prefix") : null;
    String said = forwarded == null ? "" : forwarded.replaceFirst("/$", "");
    if (PREFIX.matcher(said).matches()) {
      return said;
    }
    return publicUrls.stream()
        .filter(
            url ->
                Optional.ofNullable(WebOrigin.of(url.toString()))
                    .filter(one -> one.isOf(at.host(), at.port()))
                    .isPresent())
        .map(url -> url.getPath().replaceFirst("/$", ""))
        .findFirst()
        .orElse("");
  }

  private String known() {
    return publicUrls.isEmpty()
        ? "localhost and 127.0.0.1 only"
        : "localhost, 127.0.0.1 and "
            + publicUrls.stream().map(URI::toString).collect(Collectors.joining(" and "));
  }

  /** The authority in the Host header; null if it is missing or not valid. */
  static @Nullable HostAndPort host(HttpServerRequest request) {
    String host = request.getHeader(HttpHeaders.HOST);
    return host == null ? null : HostAndPort.parseAuthority(host, -1);
  }

  /**
   * The authority that the client requested: the one that a trusted proxy forwarded, else the Host
   * header's.
   *
   * @param request routed by the router for trusted proxies if it comes from one
   */
  static @Nullable HostAndPort asked(HttpServerRequest request) {
    String forwarded = request.getHeader("Forwarded");
    boolean told =
        request.getHeader("X-Forwarded-Host") != null
            || (forwarded != null && forwarded.toLowerCase(Locale.ROOT).contains("host="));
    return told ? request.authority() : host(request);
  }

  private static String text(HostAndPort at) {
    return at.port() > 0 ? at.host() + ":" + at.port() : at.host();
  }

  private static String shown(String text) {
    String plain = text.replaceAll("[^!-~]", "?");
    return plain.length() <= SHOWN ? plain : plain.substring(0, SHOWN) + "...";
  }

  /** An origin (RFC 6454), with the scheme's default port where none is given. */
  private record WebOrigin(String scheme, String host, int port) {
    static @Nullable WebOrigin of(String text) {
      URI uri;
      try {
        uri = URI.create(text);
      } catch (IllegalArgumentException e) {
        return null;
      }
      String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
      int usual =
          switch (scheme) {
            case "http" -> 80;
            case "https" -> 443;
            default -> 0;
          };
      return usual == 0 || uri.getHost() == null
          ? null
          : new WebOrigin(
              scheme,
              uri.getHost().toLowerCase(Locale.ROOT),
              uri.getPort() < 0 ? usual : uri.getPort());
    }

    /** Whether this origin has that authority; a port below 1 stands for the scheme's default. */
    boolean isOf(String otherHost, int otherPort) {
      int usual = scheme.equals("http") ? 80 : 443;
      return host.equalsIgnoreCase(otherHost) && port == (otherPort > 0 ? otherPort : usual);
    }
  }
}
