package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.JobEvent;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.json.Json;
import glimt.ledger.DueDelivery;
import glimt.ledger.Events;
import glimt.ledger.Jobs;
import glimt.model.Kind;
import java.util.Optional;

/** Writes what is sent to webhooks; blocks. */
final class WebhookBody {
  private final Jobs jobs;
  private final Events events;

  WebhookBody(Jobs jobs, Events events) {
    this.jobs = jobs;
    this.events = events;
  }

  /** The id of a delivery, which is the same in all its attempts. */
  static String id(DueDelivery due) {
    return "msg_%s_%s"
        .formatted(due.event().job().toString().replace("-", ""), Long.toString(due.event().seq()));
  }

  /** The body of a delivery; empty if the job was deleted meanwhile. */
  Optional<String> of(DueDelivery due) {
    return jobs.find(due.tenant(), due.event().job())
        .map(
            job -> {
              String address = due.webhook().address();
              return switch (due.webhook().form()) {
                case EVENT -> event(due, job);
                case PREDICTION -> PredictionRoutes.document(events, address, job);
                case QUEUE -> QueueRoutes.told(address, job);
              };
            })
        .map(ObjectNode::toString);
  }

  private static ObjectNode event(DueDelivery due, JobView job) {
    JobEvent event = due.event();
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("id", id(due))
            .put("object", "event")
            .put("type", word(job.spec().kind()) + "." + word(event.fact()))
            .put("timestamp", event.at().toString())
            .put("created_at", event.at().getEpochSecond());
    ObjectNode data = out.putObject("data").put("id", job.id().toString());
    data.setAll(JobDocument.event(event, due.webhook().address()));
    data.remove("type");
    data.put("job", due.webhook().address() + JobDocument.path(job.id()));
    return out;
  }

  private static String word(Kind kind) {
    return switch (kind) {
      case VIDEO -> "video";
      case IMAGE -> "image";
      case POINTS -> "pointcloud";
    };
  }

  /** OpenAI's words for what happened, where it has one. */
  private static String word(JobEvent.Fact fact) {
    return switch (fact) {
      case JobEvent.Submitted _ -> "queued";
      case JobEvent.Warned _ -> "warned";
      case JobEvent.JobStarted _ -> "started";
      case JobEvent.JobChanged _ -> "changed";
      case JobEvent.LevelFinished _ -> "level_completed";
      case JobEvent.JobEnded ended ->
          ended.state() == JobState.SUCCEEDED
              ? "completed"
              : ended.state() == JobState.FAILED ? "failed" : "canceled";
    };
  }
}
