package glimt.gateway;

import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;

/** Writes links that also work for who has nothing but the link. */
final class Links {
  private Links() {}

  /**
   * The whole URL of a path, as the client reaches the farm.
   *
   * @param path without the prefix below which a proxy serves the farm
   */
  static String whole(RoutingContext ctx, String path) {
    String scheme = ctx.request().scheme();
    HostAndPort at = ctx.request().authority();
    int usual = "https".equals(scheme) ? 443 : 80;
    String host =
        at.host().contains(":") && !at.host().startsWith("[") ? "[" + at.host() + "]" : at.host();
    String port = at.port() > 0 && at.port() != usual ? ":" + at.port() : "";
    return scheme + "://" + host + port + AccessCheck.prefix(ctx) + path;
  }
}
