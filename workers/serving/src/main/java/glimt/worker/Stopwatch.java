package glimt.worker;

import glimt.job.Timings;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Divides the time of an attempt into phases without gaps: each nanosecond belongs to the innermost
 * phase that is open. Only one thread at a time may use it.
 */
final class Stopwatch {
  /** See {@link Timings}. */
  enum Phase {
    LOAD,
    ENCODE,
    DENOISE,
    DECODE,
    WRITE,
    CHECKPOINT,
    WAITING
  }

  /** An open phase; closing it returns to the one around it. */
  interface Lap extends AutoCloseable {
    @Override
    void close();
  }

  private final Map<Phase, Long> nanos = new EnumMap<>(Phase.class);
  private final LongSupplier clock;
  private Phase phase = Phase.WAITING;
  private long since;

  /**
   * Starts waiting.
   *
   * @param clock in nanoseconds
   * @param began when, by the clock
   */
  Stopwatch(LongSupplier clock, long began) {
    this.clock = clock;
    this.since = began;
  }

  /** Opens a phase. */
  Lap in(Phase inner) {
    Phase around = phase;
    turnTo(inner);
    return () -> turnTo(around);
  }

  private void turnTo(Phase next) {
    turnTo(next, clock.getAsLong());
  }

  private void turnTo(Phase next, long now) {
    nanos.merge(phase, now - since, Long::sum);
    since = now;
    phase = next;
  }

  /**
   * Returns the timings.
   *
   * @param until their end, by the clock
   */
  Timings timings(long until) {
    turnTo(phase, until);
    return new Timings(
        seconds(Phase.LOAD),
        seconds(Phase.ENCODE),
        seconds(Phase.DENOISE),
        seconds(Phase.DECODE),
        seconds(Phase.WRITE),
        seconds(Phase.CHECKPOINT),
        seconds(Phase.WAITING));
  }

  private double seconds(Phase of) {
    return nanos.getOrDefault(of, 0L) / 1e9;
  }
}
