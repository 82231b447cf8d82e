package glimt.job;

import java.util.Set;

/**
 * Where the events of a job are sent.
 *
 * @param url of the receiver
 * @param facts which events are sent: the names of {@link JobEvent.Fact}s in JSON
 * @param form what is sent
 * @param address where clients reach the farm: the base of the links in what is sent
 */
public record Webhook(String url, Set<String> facts, WebhookForm form, String address) {
  public Webhook {
    facts = Set.copyOf(facts);
  }

  /** What is sent. */
  public enum WebhookForm {
    /** An event with the id and the state of its job. */
    EVENT,
    /** The whole prediction, as Replicate sends it. */
    PREDICTION,
    /** The result of a request, as fal's queue sends it. */
    QUEUE
  }
}
