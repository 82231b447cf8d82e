package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Webhook.WebhookForm;
import glimt.json.Json;
import glimt.model.Kind;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * {@code POST /v1/images/generations}, which is compatible with OpenAI's clients: an image is a job
 * of kind image, and the answer waits for its end.
 */
final class ImageRoutes {
  static final String PATH = "/v1/images/generations";

  private static final long LONGEST_MS = TimeUnit.DAYS.toMillis(7);

  private final RequestContext desk;
  private final Submission submission;
  private final WebhookRequest hooks;
  private final Download download;
  private final Awaiting waiting;

  ImageRoutes(
      RequestContext desk,
      Submission submission,
      WebhookRequest hooks,
      Download download,
      Awaiting waiting) {
    this.desk = desk;
    this.submission = submission;
    this.hooks = hooks;
    this.download = download;
    this.waiting = waiting;
  }

  Future<?> generate(RoutingContext ctx) {
    return Body.json(ctx)
        .map(fields -> ImageRequest.of(fields, hooks.of(ctx, fields, WebhookForm.EVENT)))
        .compose(
            asked ->
                desk.ask(() -> submitted(ctx, asked))
                    .recover(
                        e ->
                            Future.failedFuture(
                                Problem.of(e).renamed(ImageRequest.names()).refusal(e)))
                    .compose(
                        jobs ->
                            asked.stream()
                                ? stream(ctx, asked, jobs.getFirst())
                                : answer(ctx, asked, jobs)));
  }

  private List<JobView> submitted(RoutingContext ctx, ImageRequest asked) {
    String key = RequestContext.key(ctx);
    List<JobView> jobs = new ArrayList<>();
    for (int i = 0; i < asked.count(); i++) {
      String own = key == null || i == 0 ? key : key + "/" + i;
      jobs.add(submission.submit(RequestContext.tenant(ctx), asked.job(i), own, asked.webhook()));
    }
    return jobs;
  }

  private Future<Void> answer(RoutingContext ctx, ImageRequest asked, List<JobView> jobs) {
    List<Future<JobView>> ends = jobs.stream().map(job -> end(ctx, job)).toList();
    Future<ObjectNode> body =
        Future.all(ends)
            .compose(
                _ -> desk.ask(() -> body(ctx, asked, ends.stream().map(Future::result).toList())));
    waiting.keepAlive(ctx, body);
    return body.recover(
            e ->
                ctx.response().headWritten()
                    ? Future.succeededFuture(Problem.of(e).openAiError())
                    : Future.failedFuture(e))
        .compose(
            whole ->
                ctx.response().headWritten()
                    ? ctx.response().end(whole.toString())
                    : RequestContext.answer(ctx, 200, whole));
  }

  private Future<JobView> end(RoutingContext ctx, JobView job) {
    return waiting.end(ctx, job, LONGEST_MS, (_, _) -> {});
  }

  private ObjectNode body(RoutingContext ctx, ImageRequest asked, List<JobView> ended)
      throws IOException {
    ObjectNode body =
        Json.mapper()
            .createObjectNode()
            .put("created", ended.getFirst().created().getEpochSecond());
    ArrayNode data = body.putArray("data");
    for (JobView job : ended) {
      Download.LevelArtifact file = file(job);
      if (asked.byUrl()) {
        data.addObject()
            .put(
                "url", Links.whole(ctx, JobDocument.path(job.id()) + "/artifacts/" + file.level()));
      } else {
        data.addObject().put("b64_json", base64(download.bytes(job, file.artifact())));
      }
    }
    body.put("output_format", asked.format().ending()).put("size", size(ended.getFirst()));
    return body;
  }

  /**
   * The image of a job that has ended.
   *
   * @throws Problem.ProblemException if it made none
   */
  private static Download.LevelArtifact file(JobView job) {
    return Download.find(job, job.levels().getLast().name())
        .filter(_ -> job.state() == JobState.SUCCEEDED)
        .orElseThrow(() -> ending(job).refusal());
  }

  private static Problem ending(JobView job) {
    return job.state() == JobState.BLOCKED
        ? Problem.blocked(job.why())
        : Problem.failed(
            job.state() == JobState.FAILED
                ? Objects.requireNonNullElse(job.why(), "the job failed")
                : "the job %s was cancelled".formatted(job.id()));
  }

  private Future<Void> stream(RoutingContext ctx, ImageRequest asked, JobView job) {
    ctx.response()
        .setChunked(true)
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .putHeader("X-Accel-Buffering", "no");
    Partials partials = new Partials(ctx, asked, job);
    Future<ObjectNode> last =
        waiting
            .end(ctx, job, LONGEST_MS, partials::show)
            .compose(
                ended ->
                    desk.ask(
                        () ->
                            event(asked, ended, "completed")
                                .put(
                                    "b64_json",
                                    base64(download.bytes(ended, file(ended).artifact())))));
    long timer =
        ctx.vertx().setPeriodic(waiting.beat(), _ -> ctx.response().write(": still here\n\n"));
    return last.recover(
            e -> Future.succeededFuture(Problem.of(e).openAiError().put("type", "error")))
        .compose(
            event -> {
              ctx.vertx().cancelTimer(timer);
              write(ctx, event);
              return ctx.response().end();
            });
  }

  /** Sends as many previews as were asked for, spread over the job's levels and their steps. */
  private static final class Partials {
    private final RoutingContext ctx;
    private final ImageRequest asked;
    private final JobView job;
    private int sent;

    Partials(RoutingContext ctx, ImageRequest asked, JobView job) {
      this.ctx = ctx;
      this.asked = asked;
      this.job = job;
    }

    void show(ObjectNode preview, byte[] jpeg) {
      List<String> levels = job.levels().stream().map(JobView.LevelView::name).toList();
      double done =
          (levels.indexOf(preview.get("level").textValue())
                  + preview.get("step").doubleValue() / preview.get("steps").doubleValue())
              / levels.size();
      if (sent < asked.partials() && done * (asked.partials() + 1) >= sent) {
        write(
            ctx,
            event(asked, job, "partial_image")
                .put("b64_json", base64(jpeg))
                .put("output_format", "jpeg")
                .put("partial_image_index", sent++));
      }
    }
  }

  private static ObjectNode event(ImageRequest asked, JobView job, String type) {
    ObjectNode event =
        Json.mapper()
            .createObjectNode()
            .put("type", "image_generation." + type)
            .put("created_at", job.created().getEpochSecond())
            .put("size", size(job))
            .put("quality", asked.fast() ? "low" : "auto")
            .put("background", "opaque")
            .put("output_format", asked.format().ending());
    if (type.equals("completed")) {
      event
          .putObject("usage")
          .put("input_tokens", 0)
          .put("output_tokens", 0)
          .put("total_tokens", 0);
    }
    return event;
  }

  private static void write(RoutingContext ctx, ObjectNode event) {
    ctx.response()
        .write(
            Buffer.buffer(
                "event: %s\ndata: %s\n\n".formatted(event.get("type").textValue(), event)));
  }

  private static String size(JobView job) {
    ObjectNode file = JobDocument.file(Kind.IMAGE, job.levels().getLast());
    return file.get("width").intValue() + "x" + file.get("height").intValue();
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
