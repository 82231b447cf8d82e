package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers every failed request, and logs those that failed through the farm's own fault. */
final class Refusals {
  private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

  private Refusals() {}

  /** Answers a request that failed in a route. */
  static void answer(RoutingContext ctx) {
    Throwable failure = ctx.failure();
    Problem problem =
        failure == null || ctx.statusCode() == 400
            ? Problem.framing(ctx.statusCode())
            : Problem.of(failure);
    HttpServerResponse response = ctx.response();
    if (problem.status() >= 500) {
      LOG.warn(
          "{} {}: {} ({})",
          ctx.request().method(),
          ctx.request().path(),
          problem.detail(),
          response.headers().get(AccessCheck.REQUEST_ID),
          failure);
    }
    if (response.ended() || response.closed()) {
      return;
    }
    if (response.headWritten()) {
      response.reset();
      return;
    }
    if (!response.headers().contains(AccessCheck.REQUEST_ID)) {
      AccessCheck.greet(response); // the router refused it before AccessCheck saw it
    }
    String path = ctx.request().path();
    boolean openAi = isOpenAi(path);
    if (QueueRoutes.isBelow(path)) {
      send(response, problem.ofQueue(), "application/json", problem.queueError());
      return;
    }
    send(
        response,
        problem,
        openAi ? "application/json" : "application/problem+json",
        openAi ? problem.openAiError() : problem.details());
  }

  /** Whether a path is of OpenAI's API, whose clients expect errors of their own form. */
  static boolean isOpenAi(String path) {
    return path.equals(ImageRoutes.PATH)
        || Stream.of(VideoRoutes.PREFIX, CloudRoutes.PREFIX)
            .anyMatch(prefix -> path.equals(prefix) || path.startsWith(prefix + "/"));
  }

  /** Answers a request that is malformed or too long, so that no route ever sees it. */
  static void framing(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    int status =
        switch (cause) {
          case TooLongHttpLineException _ -> 414;
          case TooLongHttpHeaderException _ -> 431;
          case null, default -> 400;
        };
    Problem problem = Problem.framing(status);
    AccessCheck.greet(request.response());
    send(request.response(), problem, "application/problem+json", problem.details())
        .onComplete(_ -> request.connection().close());
  }

  private static Future<Void> send(
      HttpServerResponse response, Problem problem, String mediaType, ObjectNode body) {
    response.headers().remove("ETag").remove("Accept-Ranges").remove("Content-Disposition");
    problem.headers().forEach(response::putHeader);
    response
        .setStatusCode(problem.status())
        .putHeader("Content-Type", mediaType)
        .putHeader("Cache-Control", "no-store");
    return RequestContext.end(response, Buffer.buffer(body.toString()));
  }
}
