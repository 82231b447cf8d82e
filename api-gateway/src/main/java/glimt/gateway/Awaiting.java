package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.job.JobView;
import glimt.ledger.Jobs;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Lets a request wait until jobs end, for APIs that answer with the result. */
final class Awaiting {
  /** Beats without a sign of life, which proxies and our own idle timeout (60 s) bear. */
  private static final long SILENT = 3;

  private final RequestContext desk;
  private final Jobs jobs;
  private final SharedReads reads;
  private final EventSweep sweep;
  private final Farm farm;
  private final Watch.WatchIntervals pace;

  Awaiting(
      RequestContext desk,
      Gateway.Parts parts,
      SharedReads reads,
      EventSweep sweep,
      Watch.WatchIntervals pace) {
    this.desk = desk;
    this.jobs = parts.jobs();
    this.reads = reads;
    this.sweep = sweep;
    this.farm = parts.farm();
    this.pace = pace;
  }

  /**
   * Waits until a job ends, the client goes away, or time is up.
   *
   * @param milliseconds how long to wait at most
   * @param preview is shown each preview, and its bytes
   * @return the job as it is then
   */
  Future<JobView> end(
      RoutingContext ctx, JobView job, long milliseconds, BiConsumer<ObjectNode, byte[]> preview) {
    if (job.state().ended()) {
      return Future.succeededFuture(job);
    }
    Promise<Void> over = Promise.promise();
    Watch watch =
        new Watch(
            pace,
            new JobStory(reads, sweep, farm, job, job.lastSeq(), AccessCheck.prefix(ctx)),
            new Until(over, preview));
    long timer = ctx.vertx().setTimer(milliseconds, _ -> over.tryComplete());
    ctx.addEndHandler(_ -> over.tryComplete());
    return over.future()
        .onComplete(
            _ -> {
              watch.close();
              ctx.vertx().cancelTimer(timer);
            })
        .compose(
            _ ->
                desk.ask(
                    () ->
                        jobs.find(job.tenant(), job.id()).orElseThrow(RequestContext::noSuchJob)));
  }

  /**
   * Sends a document of a job as server-sent events: at once, whenever something happens to the job
   * or its tasks advance, and at its end, which ends the answer.
   *
   * @param document of the job as it is then; may block, and is called once at a time
   */
  Future<Void> tell(RoutingContext ctx, JobView job, Function<JobView, ObjectNode> document) {
    HttpServerResponse response = ctx.response();
    Told told =
        new Told(
            desk,
            response,
            () ->
                document.apply(
                    jobs.find(job.tenant(), job.id()).orElseThrow(RequestContext::noSuchJob)));
    told.now();
    if (job.state().ended()) {
      told.end();
      return Future.succeededFuture();
    }
    Watch watch =
        new Watch(
            pace,
            new JobStory(reads, sweep, farm, job, job.lastSeq(), AccessCheck.prefix(ctx)),
            told);
    response.closeHandler(_ -> watch.close());
    response.exceptionHandler(_ -> watch.close());
    return Future.succeededFuture();
  }

  /** A viewer who is told the whole state, the newest only if there are several. */
  private static final class Told implements Watch.Viewer {
    private final RequestContext desk;
    private final HttpServerResponse response;
    private final Callable<ObjectNode> document;
    private boolean asking;
    private boolean again;
    private boolean over;

    Told(RequestContext desk, HttpServerResponse response, Callable<ObjectNode> document) {
      this.desk = desk;
      this.response = response;
      this.document = document;
    }

    void now() {
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      again = false;
      desk.ask(document)
          .onComplete(
              asked -> {
                asking = false;
                if (response.closed()) {
                  return;
                }
                if (asked.succeeded()) {
                  response.write("data: %s\n\n".formatted(asked.result()));
                }
                if (again) {
                  now();
                } else if (over || asked.failed()) {
                  response.end();
                }
              });
    }

    @Override
    public void durable(WatchedStory.StoryEvent event) {
      now();
    }

    @Override
    public void progress(ObjectNode event) {
      now();
    }

    @Override
    public void preview(ObjectNode event, byte[] bytes) {}

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
      over = true;
      now();
    }
  }

  /** Milliseconds between two signs of life. */
  long beat() {
    return pace.beatEvery();
  }

  /**
   * Keeps a connection alive while its answer is awaited: after {@link #SILENT} beats it begins the
   * answer, and sends a line break now and then, which JSON allows before a value. Only from then
   * on the status can no longer change, so that what fails sooner is answered as any failure.
   */
  void keepAlive(RoutingContext ctx, Future<?> answer) {
    HttpServerResponse response = ctx.response();
    long timer =
        ctx.vertx()
            .setPeriodic(
                SILENT * pace.beatEvery(),
                pace.beatEvery(),
                _ -> {
                  if (!response.headWritten()) {
                    response
                        .setChunked(true)
                        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
                  }
                  if (!response.ended() && !response.closed()) {
                    response.write(Buffer.buffer("\n"));
                  }
                });
    answer.onComplete(_ -> ctx.vertx().cancelTimer(timer));
  }

  /** A viewer for whom only the end counts, and previews. */
  private record Until(Promise<Void> over, BiConsumer<ObjectNode, byte[]> preview)
      implements Watch.Viewer {
    @Override
    public void durable(WatchedStory.StoryEvent event) {}

    @Override
    public void progress(ObjectNode event) {}

    @Override
    public void preview(ObjectNode event, byte[] bytes) {
      preview.accept(event, bytes);
    }

    @Override
    public boolean isBehind() {
      return false;
    }

    @Override
    public void heartbeat() {}

    @Override
    public void end() {
      over.tryComplete();
    }
  }
}
