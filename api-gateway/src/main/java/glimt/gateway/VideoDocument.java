package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.json.Json;
import glimt.ledger.Bundles;
import glimt.model.Kind;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Writes a job as the video that OpenAI's clients expect. */
final class VideoDocument {
  private final Bundles bundles;

  VideoDocument(Bundles bundles) {
    this.bundles = bundles;
  }

  /** Blocks if the job's card is not known yet. */
  ObjectNode of(JobView job) {
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
            .put("remixed_from_video_id", Objects.toString(job.origin(), null))
            .put("seconds", VideoRequest.seconds(bundle.card()).toPlainString())
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
  static String status(JobState state) {
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
