package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.ledger.Bundles;
import glimt.ledger.Events;
import glimt.ledger.JobListing;
import glimt.ledger.JobPage;
import glimt.ledger.Jobs;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The operations of {@code /v1/predictions}, which are compatible with Replicate's clients. A
 * prediction is a job of any kind, with the same id; a version is the digest of a model's card.
 */
final class PredictionRoutes {
  static final String PATH = "/v1/predictions";

  private static final Pattern WAIT = Pattern.compile("wait(=(\\d{1,4}))?");

  /** Below the time after which a quiet connection is closed. */
  private static final long WAIT_SECONDS = 50;

  private static final int PAGE = 50;

  private final RequestContext desk;
  private final Jobs jobs;
  private final Bundles bundles;
  private final Events events;
  private final Submission submission;
  private final WebhookRequest hooks;
  private final InputImages images;
  private final Cancelling cancelling;
  private final Awaiting waiting;

  PredictionRoutes(
      RequestContext desk,
      Gateway.Parts parts,
      Submission submission,
      WebhookRequest hooks,
      InputImages images,
      Cancelling cancelling,
      Awaiting waiting) {
    this.desk = desk;
    this.jobs = parts.jobs();
    this.bundles = parts.bundles();
    this.events = parts.events();
    this.submission = submission;
    this.hooks = hooks;
    this.images = images;
    this.cancelling = cancelling;
    this.waiting = waiting;
  }

  /** With the model in the field {@code version}, or {@code model}. */
  Future<?> create(RoutingContext ctx) {
    return Body.json(ctx)
        .compose(
            fields -> {
              String version = fields.text("version");
              String model = fields.text("model");
              String named = version == null ? model : version;
              if (named == null) {
                throw new InvalidSpec("version", "must name a model, such as glimt/clips");
              }
              return create(ctx, fields, version == null ? "model" : "version", named);
            });
  }

  /** With the model in the path. */
  Future<?> createOf(RoutingContext ctx) {
    String named = ctx.pathParam("owner") + "/" + ctx.pathParam("name");
    return Body.json(ctx).compose(fields -> create(ctx, fields, "model", named));
  }

  private Future<?> create(RoutingContext ctx, Fields fields, String field, String named) {
    ObjectNode input = fields.members("input");
    if (input == null) {
      throw new InvalidSpec("input", "must be an object with the model's inputs");
    }
    fields.flag("stream"); // files are no streams of text; clients ask for one by habit
    Webhook webhook = hooks.of(ctx, fields, Webhook.WebhookForm.PREDICTION);
    fields.end();
    long wait = wait(ctx.request().getHeader("Prefer"));
    return desk.ask(
            () -> submitted(ctx, input, HostedRequest.model(bundles, field, named), webhook))
        .compose(
            job ->
                wait == 0
                    ? Future.succeededFuture(job)
                    : waiting.end(ctx, job, TimeUnit.SECONDS.toMillis(wait), (_, _) -> {}))
        .compose(job -> desk.ask(() -> document(ctx, job)))
        .compose(
            prediction -> {
              // A client that waited takes any other status than starting for the end.
              boolean ended = !prediction.get("completed_at").isNull();
              return desk.answerOnce(
                  ctx, 201, ended ? prediction : prediction.put("status", "starting"));
            });
  }

  private JobView submitted(
      RoutingContext ctx,
      ObjectNode input,
      Bundles.CatalogueEntry model,
      @Nullable Webhook webhook) {
    try {
      JobRequest request = HostedRequest.job(model, input);
      return submission.submit(
          RequestContext.tenant(ctx), request, RequestContext.key(ctx), webhook);
    } catch (InvalidSpec e) {
      InvalidSpec theirs = HostedRequest.named(e, input);
      throw new InvalidSpec("input." + theirs.field(), String.valueOf(theirs.getMessage()));
    }
  }

  /** How many seconds a client would like to wait for the end; 0 if it would not. */
  private static long wait(@Nullable String prefer) {
    Matcher asked = WAIT.matcher(prefer == null ? "" : prefer.strip().toLowerCase(Locale.ROOT));
    if (!asked.matches()) {
      return 0;
    }
    return asked.group(2) == null
        ? WAIT_SECONDS
        : Math.min(WAIT_SECONDS, Long.parseLong(asked.group(2)));
  }

  Future<?> find(RoutingContext ctx) {
    return desk.job(ctx)
        .compose(job -> desk.ask(() -> document(ctx, job)))
        .compose(prediction -> RequestContext.answer(ctx, 200, prediction));
  }

  /** A prediction that has ended stays as it is, which is no error here. */
  Future<?> cancel(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> desk.job(ctx))
        .compose(job -> job.state().ended() ? Future.succeededFuture(job) : cancelling.cancel(job))
        .compose(job -> desk.ask(() -> document(ctx, job)))
        .compose(prediction -> RequestContext.answer(ctx, 200, prediction));
  }

  Future<?> list(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    Optional<JobId> after = Optional.ofNullable(query.text("cursor")).map(JobRoutes::after);
    query.end();
    return desk.ask(
            () -> {
              JobPage page =
                  jobs.page(
                      RequestContext.tenant(ctx), new JobListing(PAGE, after, Optional.empty()));
              ObjectNode body = Json.mapper().createObjectNode().putNull("previous");
              body.put(
                  "next",
                  page.more()
                      ? Links.whole(ctx, PATH + "?cursor=" + page.jobs().getLast().id())
                      : null);
              ArrayNode results = body.putArray("results");
              page.jobs().forEach(job -> results.add(document(ctx, job)));
              return body;
            })
        .compose(body -> RequestContext.answer(ctx, 200, body));
  }

  /** Stores a picture that a prediction begins with, which its input then names by its link. */
  Future<?> upload(RoutingContext ctx) {
    return Body.jsonOrForm(ctx, Set.of("content", "metadata"))
        .compose(
            fields -> {
              byte[] content = fields.file("content");
              fields.file("metadata"); // of no use to a farm
              fields.end();
              if (content == null) {
                throw new InvalidSpec("content", "must be a file of the form");
              }
              return desk.ask(() -> file(ctx, images.put(content), content.length));
            })
        .compose(file -> RequestContext.answer(ctx, 201, file));
  }

  private static ObjectNode file(RoutingContext ctx, ArtifactId image, int size) {
    ObjectNode file =
        Json.mapper()
            .createObjectNode()
            .put("id", image.sha256())
            .put("size", size)
            .put("created_at", Instant.now().toString());
    file.putObject("checksums").put("sha256", image.sha256());
    file.putObject("urls").put("get", Links.whole(ctx, HostedRequest.FILES + "/" + image.sha256()));
    return file;
  }

  private ObjectNode document(RoutingContext ctx, JobView job) {
    return document(events, Links.whole(ctx, ""), job);
  }

  /**
   * A prediction as it is now; blocks.
   *
   * @param address the base of its links
   */
  static ObjectNode document(Events events, String address, JobView job) {
    StringBuilder logs = new StringBuilder();
    JobLog.of(events, job).forEach(line -> logs.append(line.text()).append('\n'));
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("id", job.id().toString())
            .put("model", HostedRequest.OWNER + "/" + job.spec().model())
            .put("version", job.card().sha256())
            .put("status", status(job.state()));
    out.set("input", JobDocument.input(job.spec()));
    out.put("output", job.state() == JobState.SUCCEEDED ? output(address, job) : null)
        .put("error", job.why())
        .put("logs", logs.toString())
        .put("source", "api")
        .put("data_removed", false)
        .put("created_at", job.created().toString())
        .put("started_at", Objects.toString(job.started(), null))
        .put("completed_at", Objects.toString(job.ended(), null));
    ObjectNode metrics = out.putObject("metrics");
    Instant started = job.started();
    Instant ended = job.ended();
    if (started != null && ended != null) {
      metrics
          .put("predict_time", seconds(started, ended))
          .put("total_time", seconds(job.created(), ended));
    }
    String self = PATH + "/" + job.id();
    out.putObject("urls").put("get", address + self).put("cancel", address + self + "/cancel");
    return out;
  }

  /** The link of what a job that succeeded has made. */
  static String output(String address, JobView job) {
    return address + JobDocument.path(job.id()) + "/artifacts/" + job.levels().getLast().name();
  }

  static double seconds(Instant from, Instant to) {
    return (to.toEpochMilli() - from.toEpochMilli()) / 1000.0;
  }

  private static String status(JobState state) {
    return switch (state) {
      case QUEUED -> "starting";
      case RUNNING -> "processing";
      case SUCCEEDED -> "succeeded";
      case FAILED, BLOCKED -> "failed";
      case CANCELLED -> "canceled";
    };
  }
}
