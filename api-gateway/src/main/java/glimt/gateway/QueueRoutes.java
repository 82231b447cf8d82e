package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.ledger.Bundles;
import glimt.ledger.Events;
import glimt.ledger.Jobs;
import glimt.model.Kind;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a queue below {@code /fal}, which are compatible with fal's clients: their
 * requests for {@code https://queue.fal.run} are to be sent there. A request is a job of any kind,
 * with the same id; an app is a model.
 */
final class QueueRoutes {
  static final String PATH = "/fal/{owner}/{name}";
  static final String REQUEST = PATH + "/requests/{id}";

  /** Where requests for {@code https://fal.run} are to be sent, which wait for the result. */
  static final String RUN = "/fal/run/{owner}/{name}";

  /** Where {@code fal.stream} asks for something, which sees its progress while it waits. */
  static final String RUN_STREAM = RUN + "/stream";

  /** The query parameter with the URL of a webhook. */
  static final String WEBHOOK = "fal_webhook";

  private static final long LONGEST_MS = TimeUnit.DAYS.toMillis(7);

  private static final String REQUEST_ID = "x-fal-request-id";

  private final RequestContext desk;
  private final Jobs jobs;
  private final Bundles bundles;
  private final Events events;
  private final Submission submission;
  private final QueueUploads uploads;
  private final WebhookRequest hooks;
  private final Cancelling cancelling;
  private final Awaiting waiting;

  QueueRoutes(
      RequestContext desk,
      Gateway.Parts parts,
      Submission submission,
      QueueUploads uploads,
      WebhookRequest hooks,
      Cancelling cancelling,
      Awaiting waiting) {
    this.desk = desk;
    this.jobs = parts.jobs();
    this.bundles = parts.bundles();
    this.events = parts.events();
    this.submission = submission;
    this.uploads = uploads;
    this.hooks = hooks;
    this.cancelling = cancelling;
    this.waiting = waiting;
  }

  /** Whether a path is of this API, whose clients expect errors of their own form. */
  static boolean isBelow(String path) {
    return path.startsWith("/fal/");
  }

  Future<?> submit(RoutingContext ctx) {
    Webhook webhook = hooks.ofQueue(ctx, ctx.queryParams().get(WEBHOOK));
    return submitted(ctx, webhook)
        .compose(job -> desk.ask(() -> status(ctx, job)))
        .compose(status -> desk.answerOnce(ctx, 200, status));
  }

  private Future<JobView> submitted(RoutingContext ctx, @Nullable Webhook webhook) {
    String named = ctx.pathParam("owner") + "/" + ctx.pathParam("name");
    return Body.json(ctx)
        .compose(
            fields -> {
              ObjectNode input = fields.all();
              return desk.ask(
                  () -> {
                    try {
                      return submission.submit(
                          RequestContext.tenant(ctx),
                          HostedRequest.job(
                              HostedRequest.model(bundles, "name", named),
                              uploads.resolved(RequestContext.tenant(ctx), input)),
                          RequestContext.key(ctx),
                          webhook);
                    } catch (InvalidSpec e) {
                      throw HostedRequest.named(e, input);
                    }
                  });
            });
  }

  /**
   * Submits a request and answers with its result. Of one that fails after the answer has begun,
   * which keeps the connection alive after 45 s, the connection is reset.
   */
  Future<?> run(RoutingContext ctx) {
    return submitted(ctx, null)
        .compose(
            job -> {
              ctx.response().putHeader(REQUEST_ID, job.id().toString());
              Future<ObjectNode> result =
                  waiting
                      .end(ctx, job, LONGEST_MS, (_, _) -> {})
                      .map(ended -> madeBy(Links.whole(ctx, ""), ended));
              waiting.keepAlive(ctx, result);
              return result;
            })
        .compose(
            result ->
                ctx.response().headWritten()
                    ? ctx.response().end(result.toString())
                    : RequestContext.answer(ctx, 200, result));
  }

  Future<?> status(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    boolean logs = "1".equals(query.text("logs"));
    query.end();
    return job(ctx)
        .compose(
            job ->
                desk.ask(
                    () -> {
                      ObjectNode status = status(ctx, job);
                      if (logs) {
                        log(status, job, _ -> true);
                      }
                      return status;
                    }))
        .compose(
            status ->
                RequestContext.answer(
                    ctx, status.get("status").textValue().equals("COMPLETED") ? 200 : 202, status));
  }

  /** Adds those lines of a request's log that are wanted. */
  private void log(ObjectNode status, JobView job, Predicate<String> wanted) {
    ArrayNode lines = status.putArray("logs");
    JobLog.of(events, job).stream()
        .filter(line -> wanted.test(line.text()))
        .forEach(
            line ->
                lines
                    .addObject()
                    .put("message", line.text())
                    .put("level", "INFO")
                    .put("source", "glimt")
                    .put("timestamp", line.at().toString()));
  }

  /** Sends the status as server-sent events, now and whenever something happens, to the end. */
  Future<?> stream(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    boolean logs = "1".equals(query.text("logs"));
    query.end();
    return job(ctx)
        .compose(
            job -> {
              beginEvents(ctx, job);
              Set<String> told = new HashSet<>();
              return waiting.tell(
                  ctx,
                  job,
                  now -> {
                    ObjectNode status = status(ctx, now);
                    if (logs) {
                      // The client keeps those that it was told.
                      log(status, now, told::add);
                    }
                    return status;
                  });
            });
  }

  /**
   * Submits a request and sends its status as server-sent events while it is made. The last event
   * is its result, or says why there is none.
   */
  Future<?> runStream(RoutingContext ctx) {
    return submitted(ctx, null)
        .compose(
            job -> {
              beginEvents(ctx, job);
              String address = Links.whole(ctx, "");
              return waiting.tell(ctx, job, now -> streamed(ctx, address, now));
            });
  }

  private ObjectNode streamed(RoutingContext ctx, String address, JobView job) {
    if (!job.state().ended()) {
      return status(ctx, job).put("progress", job.progress());
    }
    return job.state() == JobState.SUCCEEDED ? result(address, job) : told(address, job);
  }

  private static void beginEvents(RoutingContext ctx, JobView job) {
    ctx.response()
        .setChunked(true)
        .putHeader(REQUEST_ID, job.id().toString())
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .putHeader("X-Accel-Buffering", "no");
  }

  Future<?> result(RoutingContext ctx) {
    return job(ctx)
        .compose(
            job -> {
              ctx.response().putHeader(REQUEST_ID, job.id().toString());
              return RequestContext.answer(ctx, 200, madeBy(Links.whole(ctx, ""), job));
            });
  }

  /**
   * The result of a request.
   *
   * @throws Problem.ProblemException if it has none, or none yet
   */
  private static ObjectNode madeBy(String address, JobView job) {
    if (!job.state().ended()) {
      throw Problem.notReady("the request is not completed; ask for its status").refusal();
    }
    if (job.state() == JobState.BLOCKED) {
      throw Problem.blocked(job.why()).refusal();
    }
    if (job.state() != JobState.SUCCEEDED) {
      throw Problem.failed(Objects.requireNonNullElse(job.why(), "the request was cancelled"))
          .refusal();
    }
    return result(address, job);
  }

  Future<?> cancel(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> job(ctx))
        .compose(
            job -> {
              if (job.state().ended()) {
                return RequestContext.answer(
                    ctx, 400, Json.mapper().createObjectNode().put("status", "ALREADY_COMPLETED"));
              }
              return cancelling
                  .cancel(job)
                  .compose(
                      _ ->
                          RequestContext.answer(
                              ctx,
                              202,
                              Json.mapper()
                                  .createObjectNode()
                                  .put("status", "CANCELLATION_REQUESTED")));
            });
  }

  /** The job, if it is of the model in the path. */
  private Future<JobView> job(RoutingContext ctx) {
    return desk.job(ctx)
        .map(
            job -> {
              if (!HostedRequest.OWNER.equals(ctx.pathParam("owner"))
                  || !job.spec().model().equals(ctx.pathParam("name"))) {
                throw RequestContext.noSuchJob();
              }
              return job;
            });
  }

  private ObjectNode status(RoutingContext ctx, JobView job) {
    String self =
        "/fal/%s/%s/requests/%s".formatted(HostedRequest.OWNER, job.spec().model(), job.id());
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("request_id", job.id().toString())
            .put("response_url", Links.whole(ctx, self))
            .put("status_url", Links.whole(ctx, self + "/status"))
            .put("cancel_url", Links.whole(ctx, self + "/cancel"));
    switch (job.state()) {
      case QUEUED ->
          out.put("status", "IN_QUEUE").put("queue_position", jobs.ahead(job.tenant(), job.id()));
      case RUNNING -> out.put("status", "IN_PROGRESS");
      case SUCCEEDED, FAILED, CANCELLED, BLOCKED -> {
        out.put("status", "COMPLETED");
        Instant started = job.started();
        Instant ended = job.ended();
        if (started != null && ended != null) {
          out.putObject("metrics").put("inference_time", PredictionRoutes.seconds(started, ended));
        }
      }
    }
    return out;
  }

  /** What a webhook is told of a request that has ended. */
  static ObjectNode told(String address, JobView job) {
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("request_id", job.id().toString())
            .put("gateway_request_id", job.id().toString());
    if (job.state() == JobState.SUCCEEDED) {
      out.put("status", "OK").set("payload", result(address, job));
    } else {
      out.put("status", "ERROR")
          .put("error", Objects.requireNonNullElse(job.why(), "the request was cancelled"))
          .putNull("payload");
    }
    return out;
  }

  private static ObjectNode result(String address, JobView job) {
    Download.LevelArtifact file = Download.find(job, job.levels().getLast().name()).orElseThrow();
    ObjectNode at =
        Json.mapper()
            .createObjectNode()
            .put("url", PredictionRoutes.output(address, job))
            .put("content_type", file.artifact().mediaType())
            .put("file_name", JobDocument.fileName(job, file.level(), file.artifact()))
            .put("file_size", file.artifact().length());
    ObjectNode out = Json.mapper().createObjectNode();
    Kind kind = job.spec().kind();
    switch (kind) {
      case VIDEO -> out.set("video", at);
      case POINTS -> out.set("point_cloud", at);
      case IMAGE -> {
        ObjectNode size = JobDocument.file(kind, job.levels().getLast());
        at.set("width", size.get("width"));
        at.set("height", size.get("height"));
        out.putArray("images").add(at);
      }
    }
    return out.put("seed", job.spec().sampling().seed()).put("prompt", job.spec().prompt());
  }
}
