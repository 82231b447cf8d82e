package glimt.gateway;

import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * When a delivery that failed is tried again.
 *
 * @param pauses before the second attempt, the third and so on; after the last one it is given up
 */
record WebhookSchedule(List<Duration> pauses) {
  /** The schedule that Standard Webhooks recommends: ten attempts within three days and a half. */
  static final WebhookSchedule USUAL =
      new WebhookSchedule(
          List.of(
              Duration.ofSeconds(5),
              Duration.ofMinutes(5),
              Duration.ofMinutes(30),
              Duration.ofHours(2),
              Duration.ofHours(5),
              Duration.ofHours(10),
              Duration.ofHours(14),
              Duration.ofHours(20),
              Duration.ofHours(24)));

  /** By how much pauses are longer at most, so that failures of one moment are not repeated so. */
  private static final double JITTER = 0.1;

  WebhookSchedule {
    pauses = List.copyOf(pauses);
  }

  /**
   * The pause after a failed attempt, or null to give up.
   *
   * @param attempt from 1
   * @param least the pause that the receiver asked for; at most the longest one is granted
   */
  @Nullable Duration after(int attempt, Duration least, RandomGenerator random) {
    if (attempt > pauses.size()) {
      return null;
    }
    Duration granted = least.compareTo(pauses.getLast()) > 0 ? pauses.getLast() : least;
    Duration pause = pauses.get(attempt - 1);
    long millis = Math.max(pause.toMillis(), granted.toMillis());
    return Duration.ofMillis((long) (millis * (1 + JITTER * random.nextDouble())));
  }
}
