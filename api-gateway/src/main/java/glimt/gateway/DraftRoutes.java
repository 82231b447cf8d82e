package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.job.InvalidSpec;
import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.ledger.Jobs;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Drafts, going on from one of them, and stopping at a level. */
final class DraftRoutes {
  /** The field that asks for drafts, and the parameter that lists those of one request. */
  static final String DRAFTS = "drafts";

  private final RequestContext desk;
  private final Jobs jobs;
  private final Farm farm;
  private final LevelTakeover takeover;

  DraftRoutes(RequestContext desk, Gateway.Parts parts, Submission submission) {
    this.desk = desk;
    this.jobs = parts.jobs();
    this.farm = parts.farm();
    this.takeover = new LevelTakeover(submission, parts.tasks(), parts.artifacts());
  }

  Future<Void> submit(
      RoutingContext ctx, JobRequest request, int count, @Nullable Webhook webhook) {
    String prefix = AccessCheck.prefix(ctx);
    return desk.ask(
            () ->
                takeover.drafts(
                    RequestContext.tenant(ctx), request, count, RequestContext.key(ctx), webhook))
        .compose(
            drafts ->
                desk.answerOnce(ctx, 202, document(drafts, job -> JobDocument.whole(job, prefix))));
  }

  Future<Submission.DryRun> dryRun(RoutingContext ctx, JobRequest request, int count) {
    return desk.ask(() -> takeover.dryRun(RequestContext.tenant(ctx), request, count));
  }

  /** Lists the drafts that were asked for together. */
  Future<?> list(RoutingContext ctx, String first) {
    JobId id;
    try {
      id = JobId.parse(first);
    } catch (IllegalArgumentException e) {
      throw new InvalidSpec(DRAFTS, "must be the `drafts` of a job");
    }
    String prefix = AccessCheck.prefix(ctx);
    return desk.ask(() -> jobs.drafts(RequestContext.tenant(ctx), id))
        .compose(
            drafts ->
                RequestContext.answer(
                    ctx,
                    200,
                    document(drafts, job -> JobDocument.brief(job, prefix)).putNull("next")));
  }

  private static ObjectNode document(List<JobView> drafts, Function<JobView, ObjectNode> each) {
    ObjectNode body = Json.mapper().createObjectNode();
    ArrayNode all = body.putArray("jobs");
    drafts.forEach(job -> all.add(each.apply(job)));
    return body;
  }

  Future<?> refine(RoutingContext ctx) {
    return Body.json(ctx)
        .map(LevelTakeover.RefineRequest::of)
        .compose(
            wanted ->
                desk.job(ctx)
                    .compose(
                        job ->
                            desk.ask(() -> takeover.refine(job, wanted, RequestContext.key(ctx)))))
        .compose(
            job -> {
              String prefix = AccessCheck.prefix(ctx);
              ctx.response().putHeader("Location", prefix + JobDocument.path(job.id()));
              return desk.answerOnce(ctx, 202, JobDocument.whole(job, prefix));
            });
  }

  /** Ends a job at its newest whole level. */
  Future<?> stop(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> desk.job(ctx))
        .compose(
            job -> {
              if (job.state().ended()) {
                throw nothingToStop(job).refusal();
              }
              return desk.ask(
                  () -> jobs.stop(job.tenant(), job.id()).orElseThrow(RequestContext::noSuchJob));
            })
        .compose(
            job -> {
              if (!job.state().ended()) {
                throw Problem.notReady(
                        "the job has not finished a level that could be kept; wait for one, or"
                            + " cancel it")
                    .refusal();
              }
              if (job.endedAtLevel() == null) {
                throw nothingToStop(job).refusal();
              }
              farm.changed(job.id());
              return RequestContext.answer(
                  ctx, 200, JobDocument.whole(job, AccessCheck.prefix(ctx)));
            });
  }

  private static Problem nothingToStop(JobView job) {
    return Problem.ended(job.state(), "there is nothing to stop");
  }
}
