package glimt.ledger;

import java.time.Duration;

/**
 * The time limits of the task ledger.
 *
 * @param lease how long a worker may be silent before it loses its tasks
 * @param sweep the time from one {@link Tasks#expire} to the next
 * @param backOff how long a task rests after its first failure; twice that after the second
 * @param stall how long one step may take before its attempt counts as hung; a worker that notices
 *     a hanging step ends itself earlier
 */
public record LeaseTerms(Duration lease, Duration sweep, Duration backOff, Duration stall) {
  public static final LeaseTerms USUAL =
      new LeaseTerms(
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          Duration.ofSeconds(1),
          Duration.ofHours(1));

  /** Lets a step take as long as twelve leases. */
  public LeaseTerms(Duration lease, Duration sweep, Duration backOff) {
    this(lease, sweep, backOff, lease.multipliedBy(12));
  }

  public LeaseTerms {
    if (stall.compareTo(lease) <= 0) {
      throw new IllegalArgumentException("a step may take longer than a lease");
    }
    if (lease.compareTo(sweep) <= 0 || !sweep.isPositive() || backOff.isNegative()) {
      throw new IllegalArgumentException("a lease must outlast a sweep, and no time be negative");
    }
  }

  double leaseSeconds() {
    return seconds(lease);
  }

  double sweepSeconds() {
    return seconds(sweep);
  }

  double backOffSeconds() {
    return seconds(backOff);
  }

  double stallSeconds() {
    return seconds(stall);
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
