package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.json.Json;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What all documents in the form of OpenAI's videos have in common. */
final class MediaDocument {
  private MediaDocument() {}

  /**
   * The common fields of a job.
   *
   * @param object what the document calls itself
   */
  static ObjectNode of(JobView job, String object) {
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("id", job.id().toString())
            .put("object", object)
            .put("model", job.spec().model())
            .put("status", status(job.state()))
            .put("progress", (int) (100 * job.progress()))
            .put("created_at", job.created().getEpochSecond())
            .put(
                "completed_at", job.state() == JobState.SUCCEEDED ? epochSecond(job.ended()) : null)
            .putNull("expires_at")
            .put("prompt", job.spec().prompt())
            .putNull("error");
    String code = errorCode(job);
    if (code != null) {
      out.putObject("error")
          .put("code", code)
          .put("message", Objects.requireNonNullElse(job.why(), "the job was cancelled"));
    }
    return out;
  }

  private static @Nullable String errorCode(JobView job) {
    return switch (job.state()) {
      case FAILED -> JobDocument.word(job.fault());
      case BLOCKED -> "moderation_blocked";
      case CANCELLED -> "canceled";
      case QUEUED, RUNNING, SUCCEEDED -> null;
    };
  }

  /** The status in OpenAI's terms, which have none for cancelled and blocked. */
  static String status(JobState state) {
    return switch (state) {
      case QUEUED -> "queued";
      case RUNNING -> "in_progress";
      case SUCCEEDED -> "completed";
      case FAILED, CANCELLED, BLOCKED -> "failed";
    };
  }

  private static @Nullable Long epochSecond(@Nullable Instant at) {
    return at == null ? null : at.getEpochSecond();
  }
}
