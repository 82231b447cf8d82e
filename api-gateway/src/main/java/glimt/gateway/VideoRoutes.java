package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.json.Json;
import glimt.ledger.Bundles;
import glimt.model.Kind;
import glimt.model.Level;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code /v1/videos}: the shape that OpenAI's clients speak, with the extension fields that other
 * self-hosted servers take. A video is a job of kind video, by the same id.
 */
final class VideoRoutes {
  static final String PREFIX = "/v1/videos";

  private static final Pattern SIZE = Pattern.compile("(\\d{1,5})x(\\d{1,5})");
  private static final Pattern SECONDS = Pattern.compile("\\d{1,6}(\\.\\d{1,6})?");

  private final RequestContext desk;
  private final Bundles bundles;
  private final Submission submission;
  private final Download download;

  VideoRoutes(RequestContext desk, Bundles bundles, Submission submission, Download download) {
    this.desk = desk;
    this.bundles = bundles;
    this.submission = submission;
    this.download = download;
  }

  Future<?> create(RoutingContext ctx) {
    return Body.jsonOrForm(ctx)
        .map(Asked::of)
        .compose(
            asked ->
                desk.ask(
                        () ->
                            video(
                                submission.submit(
                                    RequestContext.tenant(), wish(asked), RequestContext.key(ctx))))
                    .recover(
                        e -> Future.failedFuture(Problem.of(e).renamed(asked.names()).refusal(e))))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> retrieve(RoutingContext ctx) {
    return job(ctx)
        .compose(job -> desk.ask(() -> video(job)))
        .compose(video -> RequestContext.answer(ctx, 200, video));
  }

  Future<?> content(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    query.choice("variant", List.of("video"), variant -> variant);
    query.end();
    return job(ctx)
        .compose(
            job -> {
              JobView.LevelView top = job.levels().getLast();
              return download.send(
                  ctx,
                  job,
                  Download.find(job, top.name())
                      .filter(_ -> job.state() == JobState.SUCCEEDED)
                      .orElseThrow(
                          () -> Problem.notReady("the video is " + status(job.state())).refusal()));
            });
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

  /** What came in, by this surface's names. */
  private record Asked(
      @Nullable String prompt,
      @Nullable String model,
      @Nullable String seconds,
      @Nullable Integer size,
      @Nullable Integer frames,
      @Nullable Integer steps,
      @Nullable Double guidance,
      @Nullable Long seed) {

    static Asked of(Fields fields) {
      Asked asked =
          new Asked(
              fields.text("prompt"),
              fields.text("model"),
              seconds(fields.text("seconds")),
              size(fields.text("size")),
              fields.whole("num_frames", 1, Submission.FRAMES_LIMIT),
              fields.whole("num_inference_steps", 1, JobSpec.STEPS_LIMIT),
              fields.number("guidance_scale", 0, JobSpec.GUIDANCE_LIMIT),
              fields.whole("seed", 0, JobSpec.SEED_LIMIT));
      fields.end();
      return asked;
    }

    private static @Nullable String seconds(@Nullable String text) {
      if (text != null && !SECONDS.matcher(text).matches()) {
        throw new InvalidSpec("seconds", "must be a number of seconds, such as 3");
      }
      return text;
    }

    private static @Nullable Integer size(@Nullable String text) {
      if (text == null) {
        return null;
      }
      Matcher size = SIZE.matcher(text);
      if (!size.matches() || !size.group(1).equals(size.group(2))) {
        throw new InvalidSpec("size", "must be a square such as 64x64");
      }
      return Integer.valueOf(size.group(1));
    }

    /** By which a job's fields are known here. */
    Map<String, String> names() {
      return Map.of(
          "frames", frames == null && seconds != null ? "seconds" : "num_frames",
          "steps", "num_inference_steps",
          "guidance", "guidance_scale");
    }
  }

  private Submission.Wish wish(Asked asked) {
    Submission.Wish wish =
        new Submission.Wish(
            Kind.VIDEO,
            asked.prompt(),
            asked.model(),
            asked.seed(),
            asked.steps(),
            asked.guidance(),
            null,
            null,
            asked.frames(),
            asked.size(),
            null,
            Format.MP4);
    if (asked.frames() != null || asked.seconds() == null) {
      return wish;
    }
    int fps = submission.bundle(wish).card().fps();
    BigDecimal frames = new BigDecimal(asked.seconds()).multiply(BigDecimal.valueOf(fps));
    return wish.withFrames(frames.setScale(0, RoundingMode.HALF_UP).intValueExact());
  }

  private ObjectNode video(JobView job) {
    Bundles.Entry bundle =
        bundles
            .byDigest(job.card())
            .orElseThrow(() -> new IllegalStateException("no card " + job.card()));
    Level top = bundle.card().level(job.levels().getLast().name());
    BigDecimal seconds =
        BigDecimal.valueOf(top.axis("frames").extent())
            .divide(BigDecimal.valueOf(bundle.card().fps()), 3, RoundingMode.HALF_UP)
            .stripTrailingZeros();
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
            .put("seconds", seconds.toPlainString())
            .put("size", top.axis("width").extent() + "x" + top.axis("height").extent());
    out.putNull("error");
    if (job.state() == JobState.FAILED || job.state() == JobState.CANCELLED) {
      boolean failed = job.state() == JobState.FAILED;
      out.putObject("error")
          .put("code", failed ? JobDocument.word(job.fault()) : "canceled")
          .put("message", failed ? Objects.requireNonNullElse(job.why(), "") : "it was cancelled");
    }
    return out;
  }

  /** Their words; there is none for cancelled. */
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
