package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.job.InvalidSpec;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Product;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.ledger.Forecasts;
import glimt.ledger.JobListing;
import glimt.ledger.Jobs;
import glimt.ledger.Webhooks;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The operations below {@code /v1/jobs}, except watching a job's events. */
final class JobRoutes {
  static final int LIST_LIMIT = 100;
  private static final int LIST_DEFAULT = 20;

  private final RequestContext desk;
  private final Jobs jobs;
  private final Forecasts forecasts;
  private final Farm farm;
  private final Submission submission;
  private final Webhooks webhooks;
  private final WebhookRequest hooks;
  private final Cancelling cancelling;
  private final Download download;
  private final DraftRoutes drafts;

  JobRoutes(
      RequestContext desk,
      Jobs jobs,
      Forecasts forecasts,
      Farm farm,
      Submission submission,
      Webhooks webhooks,
      WebhookRequest hooks,
      Cancelling cancelling,
      Download download,
      DraftRoutes drafts) {
    this.desk = desk;
    this.jobs = jobs;
    this.forecasts = forecasts;
    this.farm = farm;
    this.submission = submission;
    this.webhooks = webhooks;
    this.hooks = hooks;
    this.cancelling = cancelling;
    this.download = download;
    this.drafts = drafts;
  }

  Future<?> submit(RoutingContext ctx) {
    return Boolean.TRUE.equals(Fields.ofForm(ctx.queryParams().entries()).flag("dry_run"))
        ? dryRun(ctx)
        : store(ctx);
  }

  private Future<?> dryRun(RoutingContext ctx) {
    return Body.json(ctx)
        .compose(
            fields -> {
              Integer count = fields.whole(DraftRoutes.DRAFTS, 1, LevelTakeover.DRAFTS_LIMIT);
              JobRequest request = HookedRequest.of(ctx, hooks, fields).job();
              return count == null
                  ? desk.ask(() -> submission.dryRun(RequestContext.tenant(ctx), request))
                  : drafts.dryRun(ctx, request, count);
            })
        .compose(
            would -> {
              ObjectNode body = Json.mapper().createObjectNode().put("model", would.model());
              would.warnings().forEach(body.putArray("warnings")::add);
              body.set("forecast", JobDocument.forecast(would.forecast()));
              JobDocument.plannedEnd(body, would.end());
              return RequestContext.answer(ctx, 200, body);
            });
  }

  private Future<?> store(RoutingContext ctx) {
    return Body.json(ctx)
        .compose(
            fields -> {
              Integer count = fields.whole(DraftRoutes.DRAFTS, 1, LevelTakeover.DRAFTS_LIMIT);
              HookedRequest request = HookedRequest.of(ctx, hooks, fields);
              return count == null
                  ? store(ctx, request)
                  : drafts.submit(ctx, request.job(), count, request.webhook());
            });
  }

  private Future<Void> store(RoutingContext ctx, HookedRequest request) {
    return desk.ask(
            () ->
                submission.submit(
                    RequestContext.tenant(ctx),
                    request.job(),
                    RequestContext.key(ctx),
                    request.webhook()))
        .compose(job -> submitted(ctx, job));
  }

  /** A job, and where its events are sent. */
  private record HookedRequest(JobRequest job, @Nullable Webhook webhook) {
    static HookedRequest of(RoutingContext ctx, WebhookRequest hooks, Fields fields) {
      Webhook webhook = hooks.of(ctx, fields, Webhook.WebhookForm.EVENT);
      return new HookedRequest(JobRequest.of(fields), webhook);
    }
  }

  private Future<Void> submitted(RoutingContext ctx, JobView job) {
    ctx.response().putHeader("Location", AccessCheck.prefix(ctx) + JobDocument.path(job.id()));
    return desk.answerOnce(ctx, 202, JobDocument.whole(job, AccessCheck.prefix(ctx)));
  }

  Future<?> retry(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> desk.job(ctx))
        .compose(
            job ->
                desk.ask(
                    () ->
                        submission.again(
                            RequestContext.tenant(ctx),
                            job,
                            RequestContext.key(ctx),
                            webhooks.of(job.tenant(), job.id()).orElse(null))))
        .compose(job -> submitted(ctx, job));
  }

  Future<?> list(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    String together = query.text(DraftRoutes.DRAFTS);
    if (together != null) {
      query.end();
      return drafts.list(ctx, together);
    }
    int limit = Objects.requireNonNullElse(query.whole("limit", 1, LIST_LIMIT), LIST_DEFAULT);
    Optional<JobId> after = Optional.ofNullable(query.text("after")).map(JobRoutes::after);
    Optional<JobState> state =
        Optional.ofNullable(query.choice("state", List.of(JobState.values()), JobDocument::word));
    query.end();
    String prefix = AccessCheck.prefix(ctx);
    return desk.ask(
            () -> jobs.page(RequestContext.tenant(ctx), new JobListing(limit, after, state)))
        .compose(
            page -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode all = body.putArray("jobs");
              page.jobs().forEach(job -> all.add(JobDocument.brief(job, prefix)));
              body.put(
                  "next",
                  page.more() ? prefix + nextPage(limit, page.jobs().getLast(), state) : null);
              return RequestContext.answer(ctx, 200, body);
            });
  }

  Future<?> find(RoutingContext ctx) {
    return desk.job(ctx)
        .compose(job -> desk.ask(() -> document(job, AccessCheck.prefix(ctx))))
        .compose(body -> RequestContext.answer(ctx, 200, body));
  }

  private ObjectNode document(JobView job, String prefix) {
    ObjectNode body = JobDocument.whole(job, prefix);
    if (!job.state().ended()) {
      body.set("forecast", JobDocument.forecast(forecasts.of(job)));
    }
    return body;
  }

  Future<?> delete(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> desk.job(ctx))
        .compose(
            job -> {
              if (!job.state().ended()) {
                throw Problem.notEnded(job.state()).refusal();
              }
              return desk.ask(() -> jobs.delete(job.tenant(), job.id()))
                  .compose(
                      deleted -> {
                        if (!deleted) {
                          throw RequestContext.noSuchJob();
                        }
                        return RequestContext.answer(
                            ctx,
                            200,
                            Json.mapper()
                                .createObjectNode()
                                .put("id", job.id().toString())
                                .put("deleted", true));
                      });
            });
  }

  Future<?> cancel(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> desk.job(ctx))
        .compose(cancelling::cancel)
        .compose(
            job ->
                RequestContext.answer(ctx, 200, JobDocument.whole(job, AccessCheck.prefix(ctx))));
  }

  /** Changes the class of a job, or pauses it or lets it go on. */
  Future<?> change(RoutingContext ctx) {
    return Body.json(ctx)
        .map(JobChange::of)
        .compose(
            change ->
                desk.job(ctx)
                    .compose(
                        job ->
                            desk.ask(
                                () ->
                                    jobs.change(
                                            job.tenant(),
                                            job.id(),
                                            change.urgency(),
                                            change.paused(),
                                            change.deadline())
                                        .orElseThrow(RequestContext::noSuchJob))))
        .compose(
            job -> {
              if (job.state().ended()) {
                throw Problem.ended(job.state(), "nothing was changed").refusal();
              }
              farm.changed(job.id());
              farm.tasksReady();
              return RequestContext.answer(
                  ctx, 200, JobDocument.whole(job, AccessCheck.prefix(ctx)));
            });
  }

  /**
   * What {@code PATCH /v1/jobs/{id}} changes.
   *
   * @param urgency the new class; null keeps the old one
   * @param paused null keeps the job as it is
   * @param deadline null keeps the old one; {@link JobLimits#NO_DEADLINE} takes it away
   */
  private record JobChange(
      @Nullable JobClass urgency, @Nullable Boolean paused, @Nullable Instant deadline) {
    static JobChange of(Fields fields) {
      JobChange change =
          new JobChange(
              fields.choice("class", List.of(JobClass.values()), JobDocument::word),
              fields.flag("paused"),
              fields.isNull("deadline") ? JobLimits.NO_DEADLINE : JobRequest.deadline(fields));
      fields.end();
      if (change.urgency == null && change.paused == null && change.deadline == null) {
        throw new InvalidSpec("", "give class, paused, deadline or several of them");
      }
      return change;
    }
  }

  Future<?> artifact(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    Product.Role role =
        query.choice("format", List.of(Product.CREDENTIALS_ENDING), word -> word) == null
            ? Product.Role.MEDIA
            : Product.Role.CREDENTIALS;
    // A path is also opened with what proxies and browsers add to it, so other names are ignored.
    return desk.job(ctx)
        .compose(
            job ->
                download.send(
                    ctx,
                    job,
                    Download.find(job, ctx.pathParam("artifact"), role)
                        .orElseThrow(
                            () ->
                                Problem.notFound(
                                        "the job has no such artifact, or has not made it yet; its"
                                            + " finished levels are "
                                            + finished(job))
                                    .refusal())));
  }

  private static List<String> finished(JobView job) {
    return job.levels().stream()
        .filter(level -> !level.products().isEmpty())
        .map(JobView.LevelView::name)
        .toList();
  }

  static JobId after(String text) {
    try {
      return JobId.parse(text);
    } catch (IllegalArgumentException e) {
      throw new InvalidSpec("after", "must be the id of a job");
    }
  }

  private static String nextPage(int limit, JobView last, Optional<JobState> state) {
    return "/v1/jobs?limit=%s&after=%s".formatted(limit, last.id())
        + state.map(only -> "&state=" + JobDocument.word(only)).orElse("");
  }
}
