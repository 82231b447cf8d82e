package glimt.ledger;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The state of the sending of one event to a job's webhook.
 *
 * @param seq the number of the event in its job's history
 * @param attempts how often it was sent
 * @param tried when it was sent last; null if it was not
 * @param due when it is sent next; null if it will not be
 * @param status the last answer's status of HTTP; null if there was none
 * @param failure why the last attempt failed; null if it did not
 * @param outcome how it ended; null if it has not
 */
public record Delivery(
    long seq,
    int attempts,
    @Nullable Instant tried,
    @Nullable Instant due,
    @Nullable Integer status,
    @Nullable String failure,
    @Nullable DeliveryEnd outcome) {
  /** How a delivery ends. */
  public enum DeliveryEnd {
    /** The receiver accepted it. */
    DELIVERED,
    /** The last attempt failed. */
    GIVEN_UP,
    /** The receiver said that it does not want to be asked again. */
    GONE
  }
}
