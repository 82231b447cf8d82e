package glimt.job;

import org.jspecify.annotations.Nullable;

/**
 * What a task requires of a worker's device.
 *
 * @param network the digest of the network's weights; null if the task runs no network, or if the
 *     card has no digest of them
 * @param memory the size of the weights in bytes
 */
public record Need(@Nullable String network, long memory) {
  /** The size in bytes from which a task may wait for a worker that has loaded its network. */
  public static final long HEAVY = 256L << 20;

  /** The need of a task that any worker can do. */
  public static final Need NOTHING = new Need(null, 0);

  public Need {
    if (memory < 0) {
      throw new IllegalArgumentException(
          "a task's memory must be 0 bytes or more, not %s".formatted(memory));
    }
  }
}
