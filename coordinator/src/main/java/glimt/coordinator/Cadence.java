package glimt.coordinator;

import glimt.ledger.LeaseTerms;
import java.time.Duration;

/**
 * The clocks of the conversation.
 *
 * @param beat how often a worker says that it is there
 * @param lease how long the ledger believes it after the last beat
 * @param sweep how often every coordinator looks for what no message told it
 * @param stall how long one step may take before its worker is taken to hang
 */
public record Cadence(Duration beat, Duration lease, Duration sweep, Duration stall) {
  public static final Cadence DEFAULT =
      new Cadence(
          Duration.ofSeconds(2),
          LeaseTerms.USUAL.lease(),
          LeaseTerms.USUAL.sweep(),
          Duration.ofMinutes(2));

  public Cadence {
    if (!beat.isPositive() || !sweep.isPositive()) {
      throw new IllegalArgumentException("beat and sweep must be longer than nothing");
    }
    if (beat.multipliedBy(3).compareTo(lease) >= 0) {
      throw new IllegalArgumentException(
          "a lease of %s does not survive three lost beats of %s".formatted(lease, beat));
    }
    if (lease.compareTo(stall) >= 0) {
      throw new IllegalArgumentException(
          "a step may take longer than a lease of %s, so a stall of %s is none"
              .formatted(lease, stall));
    }
  }

  /** These clocks, with another patience for a step. */
  public Cadence withStall(Duration patience) {
    return new Cadence(beat, lease, sweep, patience);
  }
}
