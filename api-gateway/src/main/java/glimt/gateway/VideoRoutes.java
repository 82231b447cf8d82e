package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.SamplingOptions;
import glimt.json.Json;
import glimt.ledger.Bundles;
import glimt.ledger.Jobs;
import glimt.model.BundleCard;
import glimt.model.Kind;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The operations below {@code /v1/videos}, which are compatible with OpenAI's clients and accept
 * the extension fields of other self-hosted servers. A video is a job of kind video, with the same
 * id.
 */
final class VideoRoutes {
  static final String PREFIX = "/v1/videos";

  private static final Pattern SECONDS = Pattern.compile("\\d{1,6}(\\.\\d{1,6})?");

  private static final int LIST_LIMIT = 100;
  private static final int LIST_DEFAULT = 20;

  private final RequestContext desk;
  private final Jobs jobs;
  private final Bundles bundles;
  private final Thumbnailer thumbnailer;
  private final Submission submission;
  private final Download download;

  VideoRoutes(RequestContext desk, Gateway.Parts parts, Submission submission, Download download) {
    this.desk = desk;
    this.jobs = parts.jobs();
    this.bundles = parts.bundles();
    this.thumbnailer = parts.thumbnailer();
    this.submission = submission;
    this.download = download;
  }

  /** Whether a path belongs to this API. */
  static boolean isBelow(String path) {
    return path.equals(PREFIX) || path.startsWith(PREFIX + "/");
  }

  Future<?> create(RoutingContext ctx) {
    return Body.jsonOrForm(ctx)
        .map(VideoRequest::of)
        .compose(
            asked ->
                desk.ask(
                        () ->
                            video(
                                submission.submit(
                                    RequestContext.tenant(ctx),
                                    wish(asked),
                                    RequestContext.key(ctx))))
                    .recover(
                        e -> Future.failedFuture(Problem.of(e).renamed(asked.names()).refusal(e))))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> retrieve(RoutingContext ctx) {
    return job(ctx)
        .compose(job -> desk.ask(() -> video(job)))
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
              page.jobs().forEach(job -> data.add(video(job)));
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
                                          + status(job.state()))
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

  /** The fields of a request for a video, which have names of their own here. */
  private record VideoRequest(
      @Nullable String prompt,
      @Nullable String model,
      @Nullable String seconds,
      Map<String, Integer> extents,
      @Nullable Integer steps,
      @Nullable Double guidance,
      @Nullable Long seed) {

    static VideoRequest of(Fields fields) {
      VideoRequest asked =
          new VideoRequest(
              fields.text("prompt"),
              fields.text("model"),
              seconds(fields.textOrNumber("seconds")),
              JobRequest.extents(fields, Kind.VIDEO, "num_frames"),
              fields.whole("num_inference_steps", 1, SamplingOptions.STEPS_LIMIT),
              fields.number("guidance_scale", 0, SamplingOptions.GUIDANCE_LIMIT),
              JobRequest.seed(fields));
      fields.end();
      return asked;
    }

    private static @Nullable String seconds(@Nullable String text) {
      if (text != null && !SECONDS.matcher(text).matches()) {
        throw new InvalidSpec("seconds", "must be a number of seconds, such as 3");
      }
      return text;
    }

    /** The names of fields here, by their names in a {@link JobRequest}. */
    Map<String, String> names() {
      return Map.of(
          "frames", "num_frames",
          "steps", "num_inference_steps",
          "guidance", "guidance_scale");
    }
  }

  private JobRequest wish(VideoRequest asked) {
    JobRequest request =
        new JobRequest(
            Kind.VIDEO,
            asked.prompt(),
            null,
            asked.model(),
            asked.seed(),
            asked.steps(),
            asked.guidance(),
            null,
            null,
            null,
            null,
            null,
            asked.extents(),
            Format.MP4,
            null,
            null,
            null,
            null,
            null,
            JobLimits.NONE,
            null);
    if (asked.extents().containsKey("frames") || asked.seconds() == null) {
      return request;
    }
    BundleCard card = submission.offer(request).bundle().card();
    if (frames(card, new BigDecimal(asked.seconds())) != frames(card, seconds(card))) {
      throw new InvalidSpec(
          "seconds",
          "must be %s, as every video of %s has that length".formatted(seconds(card), card.name()));
    }
    return request;
  }

  /** How long every video of a bundle lasts: levels with fewer frames show each of them longer. */
  private static BigDecimal seconds(BundleCard card) {
    return BigDecimal.valueOf(card.levels().getLast().seen().getFirst())
        .divide(BigDecimal.valueOf(card.fps()), 3, RoundingMode.HALF_UP)
        .stripTrailingZeros();
  }

  private static int frames(BundleCard card, BigDecimal seconds) {
    return seconds
        .multiply(BigDecimal.valueOf(card.fps()))
        .setScale(0, RoundingMode.HALF_UP)
        .intValueExact();
  }

  private ObjectNode video(JobView job) {
    Bundles.CatalogueEntry bundle =
        bundles
            .byDigest(job.card())
            .orElseThrow(() -> new IllegalStateException("no card " + job.card()));
    ObjectNode file = JobDocument.file(Kind.VIDEO, job.levels().getLast());
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("id", job.id().toString())
            .put("object", "video")
            .put("model", job.spec().model())
            .put("status", status(job.state()))
            .put("progress", (int) (100 * job.progress()))
            .put("created_at", job.created().getEpochSecond())
            .put(
                "completed_at", job.state() == JobState.SUCCEEDED ? epochSecond(job.ended()) : null)
            .putNull("expires_at")
            .put("prompt", job.spec().prompt())
            .putNull("remixed_from_video_id")
            .put("seconds", seconds(bundle.card()).toPlainString())
            .put("size", file.get("width").intValue() + "x" + file.get("height").intValue());
    out.putNull("error");
    if (job.state() == JobState.FAILED || job.state() == JobState.CANCELLED) {
      boolean failed = job.state() == JobState.FAILED;
      out.putObject("error")
          .put("code", failed ? JobDocument.word(job.fault()) : "canceled")
          .put(
              "message",
              failed ? Objects.requireNonNullElse(job.why(), "") : "the job was cancelled");
    }
    return out;
  }

  /** The status in OpenAI's terms, which have none for cancelled. */
  private static String status(JobState state) {
    return switch (state) {
      case QUEUED -> "queued";
      case RUNNING -> "in_progress";
      case SUCCEEDED -> "completed";
      case FAILED, CANCELLED -> "failed";
    };
  }

  private static @Nullable Long epochSecond(@Nullable Instant at) {
    return at == null ? null : at.getEpochSecond();
  }
}
