package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.job.JobView;
import glimt.ledger.Events;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/jobs/{id}/events}: sends a job's events over a WebSocket if the client asks for
 * one, else as server-sent events.
 */
final class Watching {
  private final RequestContext desk;
  private final Events events;
  private final Farm farm;
  private final Watch.WatchIntervals pace;

  Watching(RequestContext desk, Events events, Farm farm, Watch.WatchIntervals pace) {
    this.desk = desk;
    this.events = events;
    this.farm = farm;
    this.pace = pace;
  }

  Future<Void> watch(RoutingContext ctx) {
    long asked = after(ctx);
    String prefix = AccessCheck.prefix(ctx);
    boolean upgrade = "websocket".equalsIgnoreCase(ctx.request().getHeader(HttpHeaders.UPGRADE));
    // Pause, because a request that has been read to its end can no longer be upgraded.
    ctx.request().pause();
    return desk.job(ctx)
        .compose(
            job -> {
              long after = Math.min(asked, job.lastSeq());
              if (upgrade) {
                Future<ServerWebSocket> socket = ctx.request().toWebSocket();
                ctx.request().resume();
                return socket.onSuccess(open -> overWebSocket(open, job, after, prefix)).mapEmpty();
              }
              ctx.request().resume();
              if (job.state().ended() && after == job.lastSeq()) {
                // No event will follow; 204 makes an EventSource stop reconnecting.
                return ctx.response().setStatusCode(204).end();
              }
              overSse(ctx, job, after);
              return Future.<Void>succeededFuture();
            })
        .onFailure(_ -> ctx.request().resume());
  }

  /** The number of the last event that the client has seen. */
  private static long after(RoutingContext ctx) {
    List<Map.Entry<String, String>> query = new ArrayList<>(ctx.queryParams().entries());
    Fields fields = Fields.ofForm(query);
    @Nullable Long after = fields.whole("after", 0, Long.MAX_VALUE);
    fields.text(Admission.TICKET); // Admission has used it up
    fields.end();
    String last = ctx.request().getHeader("Last-Event-ID");
    if (last != null && !last.isEmpty()) {
      Fields header = Fields.ofForm(List.of(Map.entry("Last-Event-ID", last)));
      return Objects.requireNonNull(header.whole("Last-Event-ID", 0, Long.MAX_VALUE));
    }
    return Objects.requireNonNullElse(after, 0L);
  }

  private void overWebSocket(ServerWebSocket socket, JobView job, long after, String prefix) {
    Watch watch = new Watch(desk, events, farm, pace, job, after, prefix, new Socket(socket));
    socket.closeHandler(_ -> watch.close());
    socket.exceptionHandler(_ -> watch.close());
    socket.drainHandler(_ -> watch.caughtUp());
    if (socket.isClosed() || (job.state().ended() && after == job.lastSeq())) {
      watch.close();
      socket.close();
    }
  }

  private void overSse(RoutingContext ctx, JobView job, long after) {
    HttpServerResponse response =
        ctx.response()
            .setChunked(true)
            .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
            .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
            // Keeps proxies such as nginx from buffering events.
            .putHeader("X-Accel-Buffering", "no");
    if (ctx.request().method().equals(HttpMethod.HEAD)) {
      response.end();
      return;
    }
    Watch watch =
        new Watch(
            desk, events, farm, pace, job, after, AccessCheck.prefix(ctx), new Stream(response));
    response.closeHandler(_ -> watch.close());
    response.exceptionHandler(_ -> watch.close());
    response.drainHandler(_ -> watch.caughtUp());
    if (response.closed()) {
      watch.close();
    }
  }

  /** Sends each event as a text message, and a preview's bytes as a binary message after it. */
  private record Socket(ServerWebSocket socket) implements Watch.Viewer {
    @Override
    public void durable(long seq, ObjectNode event) {
      socket.writeTextMessage(event.toString());
    }

    @Override
    public void progress(ObjectNode event) {
      socket.writeTextMessage(event.toString());
    }

    @Override
    public void preview(ObjectNode event, byte[] bytes) {
      socket.writeTextMessage(event.toString());
      socket.writeBinaryMessage(Buffer.buffer(bytes));
    }

    @Override
    public boolean isBehind() {
      return socket.writeQueueFull();
    }

    @Override
    public void heartbeat() {
      socket.writePing(Buffer.buffer());
    }

    @Override
    public void end() {
      socket.close();
    }
  }

  /** Sends durable events with their number as id, and previews with their bytes in Base64. */
  private record Stream(HttpServerResponse response) implements Watch.Viewer {
    @Override
    public void durable(long seq, ObjectNode event) {
      response.write("id: %s\n%s".formatted(seq, lines(event)));
    }

    @Override
    public void progress(ObjectNode event) {
      response.write(lines(event));
    }

    @Override
    public void preview(ObjectNode event, byte[] bytes) {
      event.put("data", Base64.getEncoder().encodeToString(bytes));
      response.write(lines(event));
    }

    @Override
    public boolean isBehind() {
      return response.writeQueueFull();
    }

    @Override
    public void heartbeat() {
      response.write(": still here\n\n");
    }

    @Override
    public void end() {
      response.end();
    }

    private static String lines(ObjectNode event) {
      return "event: %s\ndata: %s\n\n".formatted(event.get("type").textValue(), event);
    }
  }
}
