package glimt.gateway;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/** Reads the body of a request as {@link Fields} or as bytes, within limits of size and time. */
final class Body {
  /** The most bytes of fields, also after it is decompressed. */
  static final int LIMIT = 64 * 1024;

  private static final long PATIENCE_MS = 30_000;

  private static final String JSON = "application/json";
  private static final String FORM = "multipart/form-data";
  private static final String PLAIN = "identity";

  private Body() {}

  static Future<Fields> json(RoutingContext ctx) {
    if (!mediaType(ctx.request()).equals(JSON)) {
      return Future.failedFuture(Problem.mediaType(JSON).refusal());
    }
    return readJson(ctx);
  }

  static Future<Fields> jsonOrForm(RoutingContext ctx) {
    return jsonOrForm(ctx, Set.of());
  }

  /**
   * Reads fields, and the files of a form.
   *
   * @param files the names of the fields that may be files
   */
  static Future<Fields> jsonOrForm(RoutingContext ctx, Set<String> files) {
    return switch (mediaType(ctx.request())) {
      case JSON -> readJson(ctx);
      case FORM -> readForm(ctx, files);
      default -> Future.failedFuture(Problem.mediaType(FORM + " or " + JSON).refusal());
    };
  }

  /** Reads the body of an operation without fields: it may be missing or an empty object. */
  static Future<Void> none(RoutingContext ctx) {
    Buffer body = Buffer.buffer();
    return read(
        ctx,
        body,
        () -> {
          if (body.length() > 0) {
            Fields.ofJson(text(ctx, body)).end();
          }
          return null;
        });
  }

  /**
   * Reads the bytes of a file.
   *
   * @param types the media types that are accepted
   * @param limit the most bytes
   */
  static Future<byte[]> file(RoutingContext ctx, List<String> types, int limit) {
    if (!types.contains(mediaType(ctx.request())) || !encoding(ctx.request()).equals(PLAIN)) {
      return Future.failedFuture(Problem.mediaType(String.join(" or ", types)).refusal());
    }
    Buffer body = Buffer.buffer();
    return read(ctx, body, limit, body::getBytes);
  }

  /**
   * Reads the files of a form.
   *
   * @param names the names that its fields may have
   * @param limit the most bytes of all together
   */
  static Future<Map<String, byte[]>> files(RoutingContext ctx, List<String> names, int limit) {
    HttpServerRequest request = ctx.request();
    Map<String, Buffer> files = new LinkedHashMap<>();
    List<Problem.ProblemException> refusals = new ArrayList<>();
    if (!mediaType(request).equals(FORM) || !encoding(request).equals(PLAIN)) {
      return Future.failedFuture(Problem.mediaType(FORM).refusal());
    }
    try {
      request.setExpectMultipart(true);
    } catch (RuntimeException e) {
      return Future.failedFuture(unreadableForm());
    }
    request.uploadHandler(
        upload -> {
          Buffer file = Buffer.buffer();
          if (!names.contains(upload.name()) || files.put(upload.name(), file) != null) {
            refusals.add(
                Problem.invalid(
                        Fields.shown(upload.name()), "must be one of %s, once".formatted(names))
                    .refusal());
          }
          upload.handler(
              bytes -> {
                int length = files.values().stream().mapToInt(Buffer::length).sum();
                if (length + bytes.length() > limit) {
                  refusals.add(Problem.tooLarge(limit).refusal());
                } else if (refusals.isEmpty()) {
                  file.appendBuffer(bytes);
                }
              });
        });
    // What is between the files counts too, but is small.
    return read(
        ctx,
        Buffer.buffer(),
        limit + LIMIT,
        () -> {
          if (!refusals.isEmpty()) {
            throw refusals.getFirst();
          }
          Map<String, byte[]> read = new LinkedHashMap<>();
          files.forEach((name, bytes) -> read.put(name, bytes.getBytes()));
          return read;
        });
  }

  /** Whether the body of a request is a form. */
  static boolean isForm(RoutingContext ctx) {
    return mediaType(ctx.request()).equals(FORM);
  }

  private static Future<Fields> readJson(RoutingContext ctx) {
    Buffer body = Buffer.buffer();
    return read(ctx, body, () -> Fields.ofJson(text(ctx, body)));
  }

  private static Future<Fields> readForm(RoutingContext ctx, Set<String> allowed) {
    HttpServerRequest request = ctx.request();
    List<String> strange = new ArrayList<>();
    Map<String, Buffer> files = new LinkedHashMap<>();
    if (!encoding(request).equals(PLAIN)) {
      return Future.failedFuture(Problem.encoding("a form must not be compressed").refusal());
    }
    try {
      request.setExpectMultipart(true);
    } catch (RuntimeException e) {
      return Future.failedFuture(unreadableForm());
    }
    request.uploadHandler(
        upload -> {
          if (allowed.contains(upload.name())) {
            Buffer file = files.computeIfAbsent(upload.name(), _ -> Buffer.buffer());
            upload.handler(file::appendBuffer);
          } else {
            strange.add(upload.name());
            upload.handler(_ -> {});
          }
        });
    return read(
        ctx,
        Buffer.buffer(),
        allowed.isEmpty() ? LIMIT : LIMIT + InputImages.LIMIT,
        () -> {
          if (!strange.isEmpty()) {
            throw Problem.invalid(
                    strange.getFirst(),
                    "must be a text field: this operation accepts %s"
                        .formatted(
                            allowed.isEmpty()
                                ? "no files"
                                : "files as %s only".formatted(String.join(", ", allowed))))
                .refusal();
          }
          Map<String, byte[]> bytes = new LinkedHashMap<>();
          files.forEach((name, file) -> bytes.put(name, file.getBytes()));
          return Fields.ofForm(Text.read(request.formAttributes().entries()), bytes);
        });
  }

  /** Collects the bytes in {@code body} and calls {@code read} after the last one. */
  private static <T> Future<T> read(RoutingContext ctx, Buffer body, Callable<T> read) {
    return read(ctx, body, LIMIT, read);
  }

  private static <T> Future<T> read(RoutingContext ctx, Buffer body, int limit, Callable<T> read) {
    HttpServerRequest request = ctx.request();
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length != null && (length.length() > 9 || Long.parseLong(length) > limit)) {
      return Future.failedFuture(Problem.tooLarge(limit).refusal());
    }
    Promise<T> done = Promise.promise();
    long timer =
        ctx.vertx()
            .setTimer(
                PATIENCE_MS,
                _ ->
                    done.tryFail(
                        Problem.slow("the body did not arrive within 30 seconds").refusal()));
    // A malformed chunk or a closed connection is the client's failure, not ours.
    request.exceptionHandler(
        e ->
            done.tryFail(
                request.isExpectMultipart()
                    ? unreadableForm(e)
                    : Problem.malformed("the body ended too early").refusal()));
    request.handler(
        bytes -> {
          if (body.length() + bytes.length() > limit) {
            done.tryFail(Problem.tooLarge(limit).refusal());
          } else {
            body.appendBuffer(bytes);
          }
        });
    request.endHandler(
        _ -> {
          if (!done.future().isComplete()) {
            try {
              done.tryComplete(read.call());
            } catch (Exception e) {
              done.tryFail(e);
            }
          }
        });
    return done.future().onComplete(_ -> ctx.vertx().cancelTimer(timer));
  }

  private static String text(RoutingContext ctx, Buffer body) {
    HttpServerRequest request = ctx.request();
    byte[] bytes =
        switch (encoding(request)) {
          case PLAIN -> body.getBytes();
          case "gzip", "x-gzip" -> unpacked(body, GZIPInputStream::new);
          case "deflate" -> unpacked(body, InflaterInputStream::new);
          default ->
              throw Problem.encoding(
                      "the Content-Encoding of a body must be gzip, deflate or absent")
                  .refusal();
        };
    return Text.of(bytes, Text.charset(request.getHeader(HttpHeaders.CONTENT_TYPE)));
  }

  private interface Unpacking {
    InputStream of(InputStream packed) throws IOException;
  }

  /** Decompresses a body, but no further than the limit, so that a small one cannot fill memory. */
  private static byte[] unpacked(Buffer body, Unpacking unpacking) {
    byte[] bytes;
    try (InputStream in = unpacking.of(new ByteArrayInputStream(body.getBytes()))) {
      bytes = in.readNBytes(LIMIT + 1);
    } catch (IOException e) {
      throw Problem.malformed("the body cannot be decompressed as its Content-Encoding says")
          .refusal(e);
    }
    if (bytes.length > LIMIT) {
      throw Problem.tooLarge(LIMIT).refusal();
    }
    return bytes;
  }

  private static String encoding(HttpServerRequest request) {
    String encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
    return encoding == null ? PLAIN : encoding.strip().toLowerCase(Locale.ROOT);
  }

  /** Why a form cannot be read: a field of it may be too long for the HTTP library. */
  private static Problem.ProblemException unreadableForm(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains("Size exceed")) {
        return Problem.tooLarge(LIMIT).refusal(e);
      }
    }
    return unreadableForm();
  }

  private static Problem.ProblemException unreadableForm() {
    return Problem.malformed("the form cannot be read as " + FORM).refusal();
  }

  private static String mediaType(HttpServerRequest request) {
    String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    return type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }
}
