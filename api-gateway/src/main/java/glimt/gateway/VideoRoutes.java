package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.json.Json;
import glimt.ledger.Jobs;
import glimt.model.Kind;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * The operations below {@code /v1/videos}, which are compatible with OpenAI's clients and accept
 * the extension fields of other self-hosted servers. A video is a job of kind video, with the same
 * id.
 */
final class VideoRoutes {
  static final String PREFIX = "/v1/videos";

  private static final int LIST_LIMIT = 100;
  private static final int LIST_DEFAULT = 20;

  private final RequestContext desk;
  private final Jobs jobs;
  private final Thumbnailer thumbnailer;
  private final Submission submission;
  private final InputImages images;
  private final Cancelling cancelling;
  private final VideoDocument documents;
  private final Download download;

  VideoRoutes(
      RequestContext desk,
      Gateway.Parts parts,
      Submission submission,
      InputImages images,
      Cancelling cancelling,
      Download download) {
    this.desk = desk;
    this.jobs = parts.jobs();
    this.images = images;
    this.cancelling = cancelling;
    this.documents = new VideoDocument(parts.bundles());
    this.thumbnailer = parts.thumbnailer();
    this.submission = submission;
    this.download = download;
  }

  Future<?> create(RoutingContext ctx) {
    return Body.jsonOrForm(ctx, Set.of(InputReference.FIELD))
        .map(VideoRequest::of)
        .compose(
            asked ->
                desk.ask(() -> documents.of(submitted(ctx, asked)))
                    .recover(
                        e ->
                            Future.failedFuture(
                                Problem.of(e).renamed(VideoRequest.names()).refusal(e))))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  private JobView submitted(RoutingContext ctx, VideoRequest asked) throws IOException {
    InputReference picture = asked.picture();
    ArtifactId image = null;
    if (picture != null) {
      byte[] bytes = picture.bytes();
      image =
          bytes == null ? new ArtifactId(Objects.requireNonNull(picture.id())) : images.put(bytes);
    }
    JobRequest request = asked.job(image);
    asked.checkSeconds(submission.offer(request).bundle().card());
    return submission.submit(RequestContext.tenant(ctx), request, RequestContext.key(ctx));
  }

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
                                    documents.of(
                                        submission.remix(
                                            RequestContext.tenant(ctx),
                                            job,
                                            prompt,
                                            RequestContext.key(ctx))))))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> cancel(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(_ -> job(ctx))
        .compose(cancelling::cancel)
        .compose(job -> desk.ask(() -> documents.of(job)))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> retrieve(RoutingContext ctx) {
    return job(ctx)
        .compose(job -> desk.ask(() -> documents.of(job)))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> list(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    int limit = Objects.requireNonNullElse(query.whole("limit", 1, LIST_LIMIT), LIST_DEFAULT);
    Optional<JobId> after = Optional.ofNullable(query.text("after")).map(JobRoutes::after);
    String order = query.choice("order", List.of("asc", "desc"), word -> word);
    query.end();
    Jobs.Listing listing =
        new Jobs.Listing(
            limit, after, Optional.empty(), Optional.of(Kind.VIDEO), "asc".equals(order));
    return desk.ask(
            () -> {
              Jobs.Page page = jobs.page(RequestContext.tenant(ctx), listing);
              ObjectNode body = Json.mapper().createObjectNode().put("object", "list");
              ArrayNode data = body.putArray("data");
              page.jobs().forEach(job -> data.add(documents.of(job)));
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
                      .put("object", "video.deleted")
                      .put("deleted", true));
            });
  }

  Future<?> content(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    Variant variant =
        Objects.requireNonNullElse(
            query.choice("variant", List.of(Variant.values()), JobDocument::word), Variant.VIDEO);
    query.end();
    return job(ctx)
        .compose(
            job -> {
              Download.LevelArtifact file =
                  Download.find(job, job.levels().getLast().name())
                      .filter(_ -> job.state() == JobState.SUCCEEDED)
                      .orElseThrow(
                          () ->
                              Problem.notReady(
                                      "the video is not completed; its status is "
                                          + VideoDocument.status(job.state()))
                                  .refusal());
              int frames =
                  JobDocument.file(Kind.VIDEO, job.levels().getLast()).get("frames").intValue();
              return switch (variant) {
                case VIDEO -> download.send(ctx, job, file);
                case THUMBNAIL ->
                    download.still(ctx, job, file, path -> thumbnailer.thumbnail(path, frames));
                case SPRITESHEET ->
                    download.still(ctx, job, file, path -> thumbnailer.sheet(path, frames));
              };
            });
  }

  private enum Variant {
    VIDEO,
    THUMBNAIL,
    SPRITESHEET
  }

  private Future<JobView> job(RoutingContext ctx) {
    return desk.job(ctx)
        .map(
            job -> {
              if (job.spec().kind() != Kind.VIDEO) {
                throw RequestContext.noSuchJob();
              }
              return job;
            });
  }
}
