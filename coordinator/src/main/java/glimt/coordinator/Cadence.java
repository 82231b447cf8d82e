package glimt.coordinator;

import glimt.ledger.LeaseTerms;
import java.time.Duration;

/**
 * The intervals and limits by which coordinators and workers detect failures.
 *
 * @param beat how often a worker sends a heartbeat
 * @param lease how long a lease is valid after its last renewal by a heartbeat
 * @param sweep how often every coordinator looks for expired leases and ready tasks in the ledger
 * @param stall how long one step may take before its worker counts as hanging
 */
public record Cadence(Duration beat, Duration lease, Duration sweep, Duration stall) {
  /** The intervals of a farm in production. */
  public static final Cadence DEFAULT =
      new Cadence(
          Duration.ofSeconds(2),
          LeaseTerms.USUAL.lease(),
          LeaseTerms.USUAL.sweep(),
          Duration.ofMinutes(2));

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if a lease does not survive three lost heartbeats, or a stall
   *     is not longer than a lease
   */
  public Cadence {
    if (!beat.isPositive() || !sweep.isPositive()) {
      throw new IllegalArgumentException(
          "beat and sweep must be above 0, not %s and %s".formatted(beat, sweep));
    }
    if (beat.multipliedBy(3).compareTo(lease) >= 0) {
      throw new IllegalArgumentException(
          "a lease of %s must be longer than three lost beats of %s".formatted(lease, beat));
    }
    if (lease.compareTo(stall) >= 0) {
      throw new IllegalArgumentException(
          "a stall of %s must be longer than a lease of %s".formatted(stall, lease));
    }
  }

  /** Returns this cadence with another limit for one step. */
  public Cadence withStall(Duration patience) {
    return new Cadence(beat, lease, sweep, patience);
  }
}
