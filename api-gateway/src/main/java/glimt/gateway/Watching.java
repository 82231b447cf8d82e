package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.job.InvalidSpec;
import glimt.ledger.EventPosition;
import glimt.ledger.Events;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/jobs/{id}/events} and {@code GET /v1/events}: send the events of a job, or of all
 * jobs of a tenant, over a WebSocket if the client asks for one, else as server-sent events.
 */
final class Watching {
  private final RequestContext desk;
  private final Events events;
  private final Farm farm;
  private final Watch.WatchIntervals pace;
  private final SharedReads reads;
  private final EventSweep sweep;

  Watching(
      RequestContext desk,
      Events events,
      SharedReads reads,
      EventSweep sweep,
      Farm farm,
      Watch.WatchIntervals pace) {
    this.desk = desk;
    this.events = events;
    this.farm = farm;
    this.pace = pace;
    this.reads = reads;
    this.sweep = sweep;
  }

  /** Watches the job in the path. */
  Future<Void> watch(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    @Nullable Long asked = query.whole("after", 0, Long.MAX_VALUE);
    query.text(Admission.TICKET); // Admission has used it up
    query.end();
    String last = lastId(ctx);
    long seen = last == null ? Objects.requireNonNullElse(asked, 0L) : number(last);
    // Pause, because a request that has been read to its end can no longer be upgraded.
    ctx.request().pause();
    return desk.job(ctx)
        .compose(
            job -> {
              long after = Math.min(seen, job.lastSeq());
              return tell(
                  ctx,
                  new JobStory(reads, sweep, farm, job, after, AccessCheck.prefix(ctx)),
                  job.state().ended() && after == job.lastSeq());
            })
        .onFailure(_ -> ctx.request().resume());
  }

  /** Watches all jobs of the tenant. */
  Future<Void> watchAll(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    String asked = query.text("after");
    boolean previews = Boolean.TRUE.equals(query.flag("previews"));
    query.text(Admission.TICKET); // Admission has used it up
    query.end();
    String last = lastId(ctx);
    EventPosition after = last == null ? position("after", asked) : position("Last-Event-ID", last);
    return tell(
        ctx,
        new TenantStory(
            desk,
            events,
            reads,
            sweep,
            farm,
            RequestContext.tenant(ctx),
            after,
            previews,
            AccessCheck.prefix(ctx)),
        false);
  }

  private static @Nullable String lastId(RoutingContext ctx) {
    String last = ctx.request().getHeader("Last-Event-ID");
    return last == null || last.isEmpty() ? null : last;
  }

  private static long number(String last) {
    Fields header = Fields.ofForm(List.of(Map.entry("Last-Event-ID", last)));
    return Objects.requireNonNull(header.whole("Last-Event-ID", 0, Long.MAX_VALUE));
  }

  private static @Nullable EventPosition position(String field, @Nullable String text) {
    if (text == null) {
      return null;
    }
    if (text.equals("0")) {
      return EventPosition.START;
    }
    return EventPosition.parse(text)
        .orElseThrow(
            () ->
                new InvalidSpec(
                    field,
                    "must be the position of an event, such as 731-42, or 0 for all events"));
  }

  /**
   * @param over whether the viewer has seen everything that will ever be told
   */
  private Future<Void> tell(RoutingContext ctx, WatchedStory story, boolean over) {
    if ("websocket".equalsIgnoreCase(ctx.request().getHeader(HttpHeaders.UPGRADE))) {
      Future<ServerWebSocket> socket = ctx.request().toWebSocket();
      ctx.request().resume();
      return socket.onSuccess(open -> overWebSocket(open, story, over)).mapEmpty();
    }
    ctx.request().resume();
    if (over) {
      // No event will follow; 204 makes an EventSource stop reconnecting.
      return ctx.response().setStatusCode(204).end();
    }
    overSse(ctx, story);
    return Future.succeededFuture();
  }

  private void overWebSocket(ServerWebSocket socket, WatchedStory story, boolean over) {
    Watch watch = new Watch(pace, story, new Socket(socket));
    socket.closeHandler(_ -> watch.close());
    socket.exceptionHandler(_ -> watch.close());
    socket.drainHandler(_ -> watch.caughtUp());
    if (socket.isClosed() || over) {
      watch.close();
      socket.close();
    }
  }

  private void overSse(RoutingContext ctx, WatchedStory story) {
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
    Watch watch = new Watch(pace, story, new Stream(response));
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
    public void durable(WatchedStory.StoryEvent event) {
      socket.writeTextMessage(event.json());
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
    public void durable(WatchedStory.StoryEvent event) {
      response.write("id: %s\n%s".formatted(event.id(), lines(event.type(), event.json())));
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
      return lines(event.get("type").textValue(), event.toString());
    }

    private static String lines(String type, String json) {
      return "event: %s\ndata: %s\n\n".formatted(type, json);
    }
  }
}
