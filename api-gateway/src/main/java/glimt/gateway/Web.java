package glimt.gateway;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A file of the web page, or the contract: read once from the class path and served from memory.
 *
 * @param tag the entity tag, with its quotes
 */
record Web(String mediaType, Buffer bytes, String tag) {

  /**
   * Reads a resource of the class path.
   *
   * @throws IllegalStateException if it is missing, so that a broken build does not start
   */
  static Web of(String resource, String mediaType) {
    try (InputStream in = Web.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the build lacks its resource " + resource);
      }
      byte[] bytes = in.readAllBytes();
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return new Web(mediaType, Buffer.buffer(bytes), '"' + HexFormat.of().formatHex(digest) + '"');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM lacks SHA-256", e);
    }
  }

  Future<Void> send(RoutingContext ctx) {
    ctx.response()
        .putHeader(HttpHeaders.ETAG, tag)
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
    if (Conditions.isKnown(ctx.request(), tag)) {
      return ctx.response().setStatusCode(304).end();
    }
    return RequestContext.end(ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, mediaType), bytes);
  }
}
