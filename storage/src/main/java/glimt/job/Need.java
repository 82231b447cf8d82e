package glimt.job;

import org.jspecify.annotations.Nullable;

/**
 * What a task needs of a worker's device.
 *
 * @param network the digest of the weights it runs; null if it runs none, or none is named
 * @param memory how many bytes they are
 */
public record Need(@Nullable String network, long memory) {
  /** From here on, a network is worth waiting for somebody who has loaded it. */
  public static final long HEAVY = 256L << 20;

  /** Nothing that any worker would lack. */
  public static final Need NOTHING = new Need(null, 0);

  public Need {
    if (memory < 0) {
      throw new IllegalArgumentException("no task needs %s bytes".formatted(memory));
    }
  }
}
