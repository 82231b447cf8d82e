package glimt.worker;

import java.time.Duration;

/**
 * Decides when a trajectory is saved. A kill must cost at most the larger of 5 s and a tenth of the
 * task's time. As long as that holds, saving takes at most a two-hundredth of the time. All times
 * are in nanoseconds of one clock, which the caller reads.
 */
final class Pace {
  /** A kill may always cost this much, however short the task is. */
  static final long LOSS = Duration.ofSeconds(5).toNanos();

  /** A kill may cost the task's time divided by this. */
  static final int LOSS_SHARE = 10;

  /** A save may take the time since the previous save divided by this. */
  static final int COST_SHARE = 200;

  /** The least time between two saves, unless a kill would cost too much. */
  private static final long AT_LEAST = Duration.ofSeconds(2).toNanos();

  /** An upper bound of the time from the start of a save to its row in the ledger. */
  private static final long ARRIVES_WITHIN = Duration.ofMillis(500).toNanos();

  private final int steps;
  private final int from;
  private final long began;
  private long savedAt;
  private long steppedAt;
  private long slowest;
  private long cost;
  private long costs;
  private int saves;

  /**
   * Starts timing an attempt.
   *
   * @param steps the number of steps of the whole trajectory
   * @param from the number of steps done by earlier attempts
   * @param began the time at which this attempt starts
   */
  Pace(int steps, int from, long began) {
    this.steps = steps;
    this.from = from;
    this.began = began;
    this.savedAt = began;
    this.steppedAt = began;
  }

  /**
   * Returns whether to save now. It must be called after every step.
   *
   * @param done the number of finished steps, above {@code from}
   * @param now the current time
   */
  boolean due(int done, long now) {
    slowest = Math.max(slowest, now - steppedAt);
    steppedAt = now;
    long unsaved = now - savedAt;
    long whole = (now - began) / (done - from) * steps;
    // The next chance to save comes after the next step, which would be at risk too.
    boolean overdue = unsaved + slowest + ARRIVES_WITHIN >= Math.max(LOSS, whole / LOSS_SHARE);
    return overdue || unsaved >= Math.max(AT_LEAST, cost * COST_SHARE);
  }

  /**
   * Records a save.
   *
   * @param began the time at which the state was copied; later work is lost in a kill
   * @param ended the time at which the device could continue
   */
  void saved(long began, long ended) {
    savedAt = began;
    cost = ended - began;
    costs += cost;
    saves++;
    // The duration of the next step is measured from here, without the save.
    steppedAt = ended;
  }

  /** Returns the number of saves. */
  int saves() {
    return saves;
  }

  /** Returns how long the device waited for all saves together. */
  long costs() {
    return costs;
  }
}
