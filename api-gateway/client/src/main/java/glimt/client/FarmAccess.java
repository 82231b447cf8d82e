package glimt.client;

import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which farm to speak to, and how patiently.
 *
 * @param farm its URL, without a path unless a proxy serves it below one
 * @param key its key; null if it needs none
 * @param tenant whose jobs to see; null for the key's own
 * @param tries how often to send a request that may be repeated, 1 or more
 * @param patience how long to wait for one answer, and for the next word on a stream of events:
 *     more than the 15 s after which a farm says that it is still there
 */
public record FarmAccess(
    URI farm, @Nullable String key, @Nullable String tenant, int tries, Duration patience) {
  /** A farm that needs no key, with the usual patience. */
  public FarmAccess(URI farm) {
    this(farm, null, null, 6, Duration.ofSeconds(30));
  }

  /** The same with a key. */
  public FarmAccess with(String other) {
    return new FarmAccess(farm, other, tenant, tries, patience);
  }

  /** Omits the key, to keep it out of logs. */
  @Override
  public String toString() {
    return farm.toString();
  }
}
