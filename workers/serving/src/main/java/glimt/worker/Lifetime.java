package glimt.worker;

import glimt.job.WorkerTimes;
import java.util.function.LongSupplier;

/**
 * How a worker spends its life: idle, with attempts whose ends it reports, or otherwise. The
 * seconds of the attempts are told with their ends, so they are not counted here, and the ledger
 * can check that nothing is missing.
 */
final class Lifetime {
  private final LongSupplier clock;
  private final long began;
  private long since;
  private long idle;
  private long other;

  /**
   * Begins idle.
   *
   * @param clock in nanoseconds
   */
  Lifetime(LongSupplier clock) {
    this.clock = clock;
    this.began = clock.getAsLong();
    this.since = began;
  }

  /** An attempt begins; returns when, by the clock. */
  long begins() {
    idle += lap();
    return since;
  }

  /** The attempt has ended, and its end is to be reported; returns when it ended, by the clock. */
  long reports() {
    lap();
    return since;
  }

  /** The attempt was taken from the worker, or its end was heard; the worker is idle. */
  void frees() {
    other += lap();
  }

  private long lap() {
    long now = clock.getAsLong();
    long lap = now - since;
    since = now;
    return lap;
  }

  /** Returns the times of a worker that is idle now. */
  WorkerTimes idle() {
    idle += lap();
    return new WorkerTimes((since - began) / 1e9, idle / 1e9, other / 1e9);
  }
}
