package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.json.Json;
import glimt.ledger.JobListing;
import glimt.ledger.JobPage;
import glimt.ledger.Jobs;
import glimt.model.Kind;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The operations on jobs of one kind in the form that OpenAI's API for videos has. Subclasses add
 * what differs between the kinds: what is asked for, and what is told.
 */
abstract class MediaRoutes {
  private static final int LIST_LIMIT = 100;
  private static final int LIST_DEFAULT = 20;

  final RequestContext desk;
  final Submission submission;
  final Download download;
  private final Kind kind;
  private final Jobs jobs;
  private final Cancelling cancelling;

  MediaRoutes(
      Kind kind,
      RequestContext desk,
      Jobs jobs,
      Submission submission,
      Cancelling cancelling,
      Download download) {
    this.kind = kind;
    this.desk = desk;
    this.jobs = jobs;
    this.submission = submission;
    this.cancelling = cancelling;
    this.download = download;
  }

  /** The document of a job; may block. */
  abstract ObjectNode document(JobView job);

  /** What a document calls itself, such as video. */
  abstract String object();

  /** The same job with another prompt, and the same seed and levels. */
  Future<?> remix(RoutingContext ctx) {
    return Body.jsonOrForm(ctx)
        .map(
            fields -> {
              String prompt = Objects.requireNonNullElse(fields.text("prompt"), "");
              fields.end();
              return prompt;
            })
        .compose(
            prompt ->
                job(ctx)
                    .compose(
                        job ->
                            desk.ask(
                                () ->
                                    document(
                                        submission.remix(
                                            RequestContext.tenant(ctx),
                                            job,
                                            prompt,
                                            RequestContext.key(ctx))))))
        .compose(video -> desk.answerOnce(ctx, 200, video));
  }

  Future<?> cancel(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> job(ctx))
        .compose(cancelling::cancel)
        .compose(job -> desk.ask(() -> document(job)))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> retrieve(RoutingContext ctx) {
    return job(ctx)
        .compose(job -> desk.ask(() -> document(job)))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> list(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    int limit = Objects.requireNonNullElse(query.whole("limit", 1, LIST_LIMIT), LIST_DEFAULT);
    Optional<JobId> after = Optional.ofNullable(query.text("after")).map(JobRoutes::after);
    String order = query.choice("order", List.of("asc", "desc"), word -> word);
    query.end();
    JobListing listing =
        new JobListing(limit, after, Optional.empty(), Optional.of(kind), "asc".equals(order));
    return desk.ask(
            () -> {
              JobPage page = jobs.page(RequestContext.tenant(ctx), listing);
              ObjectNode body = Json.mapper().createObjectNode().put("object", "list");
              ArrayNode data = body.putArray("data");
              page.jobs().forEach(job -> data.add(document(job)));
              return body.put("first_id", data.at("/0/id").textValue())
                  .put("last_id", data.path(data.size() - 1).path("id").textValue())
                  .put("has_more", page.more());
            })
        .compose(body -> RequestContext.answer(ctx, 200, body));
  }

  Future<?> delete(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> job(ctx))
        .compose(
            job -> {
              if (!job.state().ended()) {
                throw Problem.notEnded(job.state()).refusal();
              }
              return desk.ask(() -> jobs.delete(RequestContext.tenant(ctx), job.id()));
            })
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
                      .put("id", ctx.pathParam("id"))
                      .put("object", object() + ".deleted")
                      .put("deleted", true));
            });
  }

  /**
   * The file of the last level.
   *
   * @throws Problem.ProblemException 409, if the job has not made it
   */
  final Download.LevelArtifact file(JobView job) {
    return Download.find(job, job.levels().getLast().name())
        .filter(_ -> job.state() == JobState.SUCCEEDED)
        .orElseThrow(
            () ->
                Problem.notReady(
                        "the %s is not completed; its status is %s"
                            .formatted(object(), MediaDocument.status(job.state())))
                    .refusal());
  }

  /** The job whose id is in the path, if it is of this kind. */
  final Future<JobView> job(RoutingContext ctx) {
    return desk.job(ctx)
        .map(
            job -> {
              if (job.spec().kind() != kind) {
                throw RequestContext.noSuchJob();
              }
              return job;
            });
  }
}
