package glimt.deploy.queue;

import glimt.coordinator.Protocol.Beat;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.job.JobId;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;

/** What a fleet of workers said and got, counted by all of them together. */
final class FleetCount {
  /** The times of waits that are kept for their quantiles; of more, the last ones are. */
  private static final int KEPT = 1 << 18;

  private static final double MICROS = 1e3;

  final LongAdder idles = new LongAdder();
  final LongAdder beats = new LongAdder();
  final LongAdder ended = new LongAdder();
  final LongAdder begun = new LongAdder();
  final LongAdder lost = new LongAdder();
  final Waits dispatch = new Waits();
  final Waits acknowledged = new Waits();
  private final ConcurrentMap<JobId, Long> firstRuns = new ConcurrentHashMap<>();
  private volatile boolean noting;

  /** Waits in microseconds, of which quantiles are asked for. */
  static final class Waits {
    private final AtomicIntegerArray micros = new AtomicIntegerArray(KEPT);
    private final AtomicInteger next = new AtomicInteger();

    void add(long nanos) {
      micros.set(
          Math.floorMod(next.getAndIncrement(), KEPT),
          (int) Math.min(Integer.MAX_VALUE, Math.round(nanos / MICROS)));
    }

    /** The waits so far in milliseconds, sorted; then it begins anew. */
    double[] drained() {
      int size = Math.min(KEPT, next.getAndSet(0));
      double[] millis = new double[size];
      for (int i = 0; i < size; i++) {
        millis[i] = micros.get(i) / MICROS;
      }
      Arrays.sort(millis);
      return millis;
    }
  }

  void said(ToCoordinator word) {
    switch (word) {
      case Idle _ -> idles.increment();
      case Beat _ -> beats.increment();
      default -> {} // repeated until it is heard
    }
  }

  /**
   * A worker got a task.
   *
   * @param waited since it was free after the task before, in nanoseconds; negative if there was
   *     none
   */
  void began(JobId job, long at, long waited) {
    begun.increment();
    if (waited >= 0) {
      dispatch.add(waited);
    }
    if (noting) {
      firstRuns.putIfAbsent(job, at);
    }
  }

  /** The coordinator acknowledged an ending so many nanoseconds after it. */
  void heard(long nanos) {
    ended.increment();
    acknowledged.add(nanos);
  }

  void abandoned() {
    lost.increment();
  }

  /** From now on it is noted when the first task of each job begins. */
  void noteFirstRuns() {
    noting = true;
  }

  /** When a job's first task began, in {@link System#nanoTime}; 0 if it has not. */
  long firstRun(JobId job) {
    return firstRuns.getOrDefault(job, 0L);
  }

  void forgetFirstRuns() {
    noting = false;
    firstRuns.clear();
  }
}
