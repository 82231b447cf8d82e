package glimt.worker;

import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.Previewed;
import glimt.coordinator.Protocol.Progress;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Task;
import glimt.job.Timings;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One attempt at a task, the link between the thread that does the work and the worker's actor. The
 * thread reports progress, previews and checkpoints, and asks between two steps whether to
 * continue.
 *
 * <p>The reporting methods are for that thread only, except where they say otherwise. The actor
 * sets the flags and reads the step.
 */
public final class Attempt {
  private static final long QUIET = Duration.ofMillis(100).toNanos();

  private final Task task;
  private final Consumer<Live> feed;
  private final Consumer<Checkpoint> saved;

  private final long began;
  private final Stopwatch stopwatch;

  private volatile int resumedFrom;
  private volatile int step;
  private volatile double networkSeconds;
  private volatile long steppedAt;
  private volatile boolean abandoned;
  private volatile boolean leaving;
  private volatile long watchedUntil;
  private volatile Optional<Checkpoint> checkpoint = Optional.empty();

  private int steps;
  private long toldAt;

  Attempt(Task task, Consumer<Live> feed, Consumer<Checkpoint> saved) {
    this(task, feed, saved, System.nanoTime());
  }

  /**
   * @param began when the attempt began, by {@link System#nanoTime}
   */
  Attempt(Task task, Consumer<Live> feed, Consumer<Checkpoint> saved, long began) {
    this.began = began;
    this.stopwatch = new Stopwatch(System::nanoTime, began);
    this.steppedAt = began;
    this.watchedUntil = began;
    this.toldAt = began - QUIET;
    this.task = task;
    this.feed = feed;
    this.saved = saved;
    this.steps = task.work().steps();
  }

  // ---- for the thread that does the work

  /** Reports that the attempt resumed at this step. Must be called before the first progress. */
  public void resumed(int from) {
    resumedFrom = from;
    step = from;
  }

  /**
   * Reports progress. It is called after every step; viewers get at most ten reports per second,
   * and the last.
   *
   * @param done the number of finished steps
   * @param of the number of all steps
   */
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

  /** Says what the time is spent on from now until the result is closed. */
  Stopwatch.Lap in(Stopwatch.Phase phase) {
    return stopwatch.in(phase);
  }

  /** Reports the seconds spent in the networks' forward passes. */
  public void spent(double inNetworks) {
    networkSeconds = inNetworks;
  }

  /** Returns whether a client watches the job; previews are made only then. */
  public boolean watched() {
    return watchedUntil - System.nanoTime() > 0;
  }

  /**
   * Sends a preview to the viewers. See {@link Previewed} for the parameters.
   *
   * @param mediaType of the bytes
   * @param frames the number of frames in the sprite sheet; 0 for points
   * @param columns the number of columns of the sprite sheet; 0 for points
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

  /** Reports a checkpoint whose artifact is durable. Any thread may call this. */
  public void checkpoint(Checkpoint here) {
    checkpoint = Optional.of(here);
    saved.accept(here);
  }

  /**
   * Returns whether the worker is leaving or the device is needed for another task. The attempt
   * should then save a checkpoint, from which the next attempt resumes, and stop.
   */
  public boolean leaving() {
    return leaving;
  }

  /** Returns whether the attempt must stop before its next step. */
  public boolean stopping() {
    return abandoned || leaving;
  }

  /**
   * Throws if the attempt must stop.
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

  /** Returns the time of the last progress, in {@link System#nanoTime}. */
  long steppedAt() {
    return steppedAt;
  }

  /** Returns the last checkpoint that this attempt saved itself. */
  Optional<Checkpoint> latest() {
    return checkpoint;
  }

  /**
   * Returns what the attempt took. Must be called once the thread is done with it.
   *
   * @param ended when it ended, by {@link System#nanoTime}
   */
  Effort effort(String numericClass, long ended) {
    Timings timings = stopwatch.timings(ended);
    double seconds = (ended - began) / 1e9;
    return new Effort(
        numericClass, resumedFrom, step - resumedFrom, seconds, networkSeconds, timings);
  }

  /** Makes the attempt stop because its lease is lost; its outcome will not be reported. */
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
   * Sets how long the job counts as watched.
   *
   * @param until the end of that time, in {@link System#nanoTime}
   */
  void watched(long until) {
    watchedUntil = until;
  }
}
