package glimt.worker;

import java.time.Duration;

/**
 * When a walk is saved: so often that a kill costs at most the larger of 5 s and a tenth of the
 * task, and no oftener than a two-hundredth of the time pays for, unless the first would be broken.
 * All times are in nanoseconds of one clock, which the caller reads.
 */
final class Pace {
  /** However short the task, so much of it may be lost. */
  static final long LOSS = Duration.ofSeconds(5).toNanos();

  /** Of a long task, one in so many seconds may be lost. */
  static final int LOSS_SHARE = 10;

  /** Of the time between two saves, one in so many seconds may go into one. */
  static final int COST_SHARE = 200;

  private static final long AT_LEAST = Duration.ofSeconds(2).toNanos();

  /** A save begun now is written, told and in the ledger this much later. */
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
   * @param steps of the whole walk
   * @param from how many of them were done when it began here
   */
  Pace(int steps, int from, long began) {
    this.steps = steps;
    this.from = from;
    this.began = began;
    this.savedAt = began;
    this.steppedAt = began;
  }

  /** Whether to save now, after a step. */
  boolean due(int done, long now) {
    slowest = Math.max(slowest, now - steppedAt);
    steppedAt = now;
    long unsaved = now - savedAt;
    long whole = (now - began) / (done - from) * steps;
    // Not to save now is to risk the next step too.
    boolean overdue = unsaved + slowest + ARRIVES_WITHIN >= Math.max(LOSS, whole / LOSS_SHARE);
    return overdue || unsaved >= Math.max(AT_LEAST, cost * COST_SHARE);
  }

  /**
   * Saved, which kept the device waiting.
   *
   * @param began when the state was taken, which is where the next attempt goes on
   */
  void saved(long began, long ended) {
    savedAt = began;
    cost = ended - began;
    costs += cost;
    saves++;
    // The device's next step begins only now.
    steppedAt = ended;
  }

  int saves() {
    return saves;
  }

  /** For how long all of them kept the device waiting. */
  long costs() {
    return costs;
  }
}
