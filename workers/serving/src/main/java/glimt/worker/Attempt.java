package glimt.worker;

import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.Previewed;
import glimt.coordinator.Protocol.Progress;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Task;
import glimt.job.Work;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One try at a task, as the thread sees it that tries. It says how far it is, shows what it has,
 * and learns between two steps whether it should go on.
 *
 * <p>The methods that say something belong to the thread that tries; the worker's actor turns the
 * flags and reads the step.
 */
public final class Attempt {
  private static final long QUIET = Duration.ofMillis(100).toNanos();

  private final Task task;
  private final Consumer<Live> feed;
  private final Consumer<Checkpoint> saved;

  private final long began = System.nanoTime();

  private volatile int resumedFrom;
  private volatile int step;
  private volatile double networkSeconds;
  private volatile long steppedAt = began;
  private volatile boolean abandoned;
  private volatile boolean leaving;
  private volatile long watchedUntil = began;
  private volatile Optional<Checkpoint> checkpoint = Optional.empty();

  private int steps;
  private long toldAt = began - QUIET;

  Attempt(Task task, Consumer<Live> feed, Consumer<Checkpoint> saved) {
    this.task = task;
    this.feed = feed;
    this.saved = saved;
    this.steps = task.work() instanceof Work.Sample sample ? sample.sampling().steps() : 1;
  }

  // ---- for the thread that tries

  /** Begins at this step of a checkpoint instead of at 0. Said before the first progress. */
  public void resumed(int from) {
    resumedFrom = from;
    step = from;
  }

  /** Says how far it is. Called after every step; whoever watches hears of some. */
  public void progress(int done, int of) {
    long now = System.nanoTime();
    steps = of;
    step = done;
    steppedAt = now;
    if (now - toldAt >= QUIET || done == of) {
      toldAt = now;
      feed.accept(new Progress(task.job(), task.work().level(), task.ordinal(), done, of));
    }
  }

  /** Says how long the networks' forward passes took. */
  public void spent(double inNetworks) {
    networkSeconds = inNetworks;
  }

  /** Whether anybody looks: only then is a preview worth making. */
  public boolean watched() {
    return watchedUntil - System.nanoTime() > 0;
  }

  /**
   * Shows the sample as it is now.
   *
   * @param mediaType see {@link Previewed}
   * @param frames in the sprite sheet; 0 for points
   * @param columns of the sprite sheet; 0 for points
   * @param bytes at most {@link Previewed#BYTES_LIMIT}
   */
  public void preview(String mediaType, int frames, int columns, byte[] bytes) {
    feed.accept(
        new Previewed(
            task.job(),
            task.work().level(),
            task.ordinal(),
            step,
            steps,
            mediaType,
            frames,
            columns,
            bytes));
  }

  /**
   * Says that the next attempt may go on from here. Its artifact is safe by now. Any thread may.
   */
  public void checkpoint(Checkpoint here) {
    checkpoint = Optional.of(here);
    saved.accept(here);
  }

  /**
   * Whether the worker leaves: a checkpoint saved now is where the next attempt goes on, and then
   * it is time to stop.
   */
  public boolean leaving() {
    return leaving;
  }

  /** Whether to stop now, between two steps. */
  public boolean stopping() {
    return abandoned || leaving;
  }

  /**
   * Stops here if it should.
   *
   * @throws InterruptedException if {@link #stopping}
   */
  public void check() throws InterruptedException {
    if (stopping()) {
      throw new InterruptedException("stopped before step " + step);
    }
  }

  // ---- for the worker's actor

  Task task() {
    return task;
  }

  int step() {
    return step;
  }

  /** When it last said how far it is, in {@link System#nanoTime}. */
  long steppedAt() {
    return steppedAt;
  }

  /** The last that this attempt has saved. */
  Optional<Checkpoint> latest() {
    return checkpoint;
  }

  Effort effort(String numericClass) {
    double seconds = (System.nanoTime() - began) / 1e9;
    return new Effort(numericClass, resumedFrom, step - resumedFrom, seconds, networkSeconds);
  }

  /** The lease is gone: whatever comes of this attempt, nobody wants it. */
  void abandon() {
    abandoned = true;
  }

  boolean abandoned() {
    return abandoned;
  }

  void leave() {
    leaving = true;
  }

  /**
   * @param until in {@link System#nanoTime}
   */
  void watched(long until) {
    watchedUntil = until;
  }
}
