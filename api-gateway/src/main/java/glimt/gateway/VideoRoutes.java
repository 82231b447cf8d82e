package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.ArtifactId;
import glimt.job.JobView;
import glimt.job.Webhook.WebhookForm;
import glimt.model.Kind;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The operations below {@code /v1/videos}, which are compatible with OpenAI's clients and accept
 * the extension fields of other self-hosted servers. A video is a job of kind video, with the same
 * id.
 */
final class VideoRoutes extends MediaRoutes {
  static final String PREFIX = "/v1/videos";

  private final Thumbnailer thumbnailer;
  private final InputImages images;
  private final WebhookRequest hooks;
  private final VideoDocument documents;

  VideoRoutes(
      RequestContext desk,
      Gateway.Parts parts,
      Submission submission,
      InputImages images,
      WebhookRequest hooks,
      Cancelling cancelling,
      Download download) {
    super(Kind.VIDEO, desk, parts.jobs(), submission, cancelling, download);
    this.images = images;
    this.hooks = hooks;
    this.documents = new VideoDocument(parts.bundles());
    this.thumbnailer = parts.thumbnailer();
  }

  @Override
  ObjectNode document(JobView job) {
    return documents.of(job);
  }

  @Override
  String object() {
    return "video";
  }

  Future<?> create(RoutingContext ctx) {
    return Body.jsonOrForm(ctx, Set.of(InputReference.FIELD))
        .map(fields -> VideoRequest.of(fields, hooks.of(ctx, fields, WebhookForm.EVENT)))
        .compose(
            asked ->
                desk.ask(() -> document(submitted(ctx, asked)))
                    .recover(
                        e ->
                            Future.failedFuture(
                                Problem.of(e).renamed(VideoRequest.names()).refusal(e))))
        .compose(video -> desk.answerOnce(ctx, 200, video));
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
    return submission.submit(
        RequestContext.tenant(ctx), request, RequestContext.key(ctx), asked.webhook());
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
              Download.LevelArtifact file = file(job);
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
}
