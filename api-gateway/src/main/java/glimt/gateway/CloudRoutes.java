package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.Format;
import glimt.job.JobView;
import glimt.job.SamplingOptions;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.model.Kind;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The operations below {@code /v1/pointclouds}: point clouds in the form in which OpenAI's API has
 * videos. A cloud is a job of kind points, with the same id.
 */
final class CloudRoutes extends MediaRoutes {
  static final String PREFIX = "/v1/pointclouds";

  /** The names of fields here, by their names in a {@link JobRequest}. */
  private static final Map<String, String> NAMES =
      Map.of(
          "format", "output_format",
          "steps", "num_inference_steps",
          "guidance", "guidance_scale");

  private final WebhookRequest hooks;

  CloudRoutes(
      RequestContext desk,
      Gateway.Parts parts,
      Submission submission,
      WebhookRequest hooks,
      Cancelling cancelling,
      Download download) {
    super(Kind.POINTS, desk, parts.jobs(), submission, cancelling, download);
    this.hooks = hooks;
  }

  @Override
  ObjectNode document(JobView job) {
    return MediaDocument.of(job, object())
        .put("remixed_from_pointcloud_id", Objects.toString(job.origin(), null))
        .put("output_format", job.spec().format().ending())
        .set("points", JobDocument.file(Kind.POINTS, job.levels().getLast()).get("points"));
  }

  @Override
  String object() {
    return "pointcloud";
  }

  Future<?> create(RoutingContext ctx) {
    return Body.jsonOrForm(ctx)
        .map(fields -> HookedCloud.of(ctx, hooks, fields))
        .compose(
            asked ->
                desk.ask(
                        () ->
                            document(
                                submission.submit(
                                    RequestContext.tenant(ctx),
                                    JobRequest.of(Fields.of(asked.job())),
                                    RequestContext.key(ctx),
                                    asked.webhook())))
                    .recover(e -> Future.failedFuture(Problem.of(e).renamed(NAMES).refusal(e))))
        .compose(cloud -> desk.answerOnce(ctx, 200, cloud));
  }

  /** The fields of a job, and where its events are sent. */
  private record HookedCloud(ObjectNode job, @Nullable Webhook webhook) {
    static HookedCloud of(RoutingContext ctx, WebhookRequest hooks, Fields fields) {
      Webhook webhook = hooks.of(ctx, fields, Webhook.WebhookForm.EVENT);
      return new HookedCloud(CloudRoutes.job(fields), webhook);
    }
  }

  /** The fields of the request, by their names in a {@link JobRequest}. */
  private static ObjectNode job(Fields fields) {
    Format format = fields.choice("output_format", Format.of(Kind.POINTS), Format::ending);
    ObjectNode job =
        Json.mapper()
            .createObjectNode()
            .put("kind", "points")
            .put("prompt", fields.text("prompt"))
            .put("negative_prompt", fields.text("negative_prompt"))
            .put("model", fields.text("model"))
            .put("points", fields.whole("points", 1, JobRequest.POINTS_LIMIT))
            .put("format", format == null ? null : format.ending())
            .put("steps", fields.whole("num_inference_steps", 1, SamplingOptions.STEPS_LIMIT))
            .put("guidance", fields.number("guidance_scale", 0, SamplingOptions.GUIDANCE_LIMIT))
            .put("seed", JobRequest.seed(fields));
    fields.end();
    return job;
  }

  Future<?> content(RoutingContext ctx) {
    Fields.ofForm(ctx.queryParams().entries()).end();
    return job(ctx).compose(job -> download.send(ctx, job, file(job)));
  }
}
