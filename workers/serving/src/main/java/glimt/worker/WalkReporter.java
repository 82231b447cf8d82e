package glimt.worker;

import glimt.bundle.Safetensors;
import glimt.diffusion.Estimate;
import glimt.diffusion.Observer;
import glimt.diffusion.Waypoint;
import glimt.job.Artifact;
import glimt.job.Checkpoint;
import glimt.media.Preview;
import glimt.storage.StorageException;
import glimt.worker.Stopwatch.Lap;
import glimt.worker.Stopwatch.Phase;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Observes a trajectory for an attempt: between two steps it reports progress, sends previews to
 * viewers, and saves checkpoints.
 */
final class WalkReporter implements Observer {
  private static final long PREVIEW_EVERY = Duration.ofMillis(400).toNanos();
  private static final Logger log = LoggerFactory.getLogger(WalkReporter.class);

  /** Previews take at most a tenth of the time. */
  private static final int RARER = 9;

  /** The longest rest after a preview: slow ones see to it themselves that they are rare. */
  private static final long LONGEST_REST = RARER * SeenLatent.SLOW.toNanos();

  private final Function<Estimate, @Nullable Preview> preview;
  private final Attempt attempt;
  private final StoredTensors tensors;
  private final String numericClass;
  private final int steps;
  private final Pace pace;
  private CompletableFuture<Void> saving = CompletableFuture.completedFuture(null);
  private long shownAt = System.nanoTime() - PREVIEW_EVERY;
  private long previewTook;

  /**
   * Starts observing.
   *
   * @param preview makes a preview of an estimate of the clean sample, or null to show none
   * @param steps the number of steps of the whole trajectory
   * @param from the number of steps done by earlier attempts
   */
  WalkReporter(
      Function<Estimate, @Nullable Preview> preview,
      Attempt attempt,
      StoredTensors tensors,
      String numericClass,
      int steps,
      int from) {
    this.preview = preview;
    this.attempt = attempt;
    this.tensors = tensors;
    this.numericClass = numericClass;
    this.steps = steps;
    this.pace = new Pace(steps, from, System.nanoTime());
  }

  @Override
  public void seen(Estimate now, int step) {
    CrashPoint.MID_STEP.reached(step);
    long began = System.nanoTime();
    if (attempt.watched() && began - shownAt >= rest()) {
      try (Lap _ = attempt.in(Phase.DECODE)) {
        show(preview.apply(now));
      }
      shownAt = System.nanoTime();
      previewTook = shownAt - began;
    }
  }

  private long rest() {
    return Math.clamp(RARER * previewTook, PREVIEW_EVERY, LONGEST_REST);
  }

  private void show(@Nullable Preview shown) {
    switch (shown) {
      case null -> {}
      case Preview.Sheet sheet ->
          attempt.preview(sheet.mediaType(), sheet.frames(), sheet.columns(), sheet.bytes());
      case Preview.Points points -> attempt.preview(points.mediaType(), 0, 0, points.bytes());
    }
  }

  @Override
  public boolean between(Waypoint here) {
    attempt.progress(here.steps(), steps);
    if (attempt.leaving()) {
      try (Lap _ = attempt.in(Phase.CHECKPOINT)) {
        saving.join();
        write(StoredTensors.copy(here.arrays(), here.facts()), here.steps());
      }
    } else if (pace.due(here.steps(), System.nanoTime()) && saving.isDone()) {
      try (Lap _ = attempt.in(Phase.CHECKPOINT)) {
        save(here);
      }
    }
    return !attempt.stopping();
  }

  /** Saves in the background: the device waits only while the state is copied. */
  private void save(Waypoint here) {
    long began = System.nanoTime();
    Safetensors state = StoredTensors.copy(here.arrays(), here.facts());
    int step = here.steps();
    saving =
        CompletableFuture.runAsync(
            () -> write(state, step), run -> Thread.ofVirtual().name("checkpoint").start(run));
    pace.saved(began, System.nanoTime());
  }

  /**
   * Stores a checkpoint. A failure is only logged, since it costs time only if the process dies.
   */
  private void write(Safetensors state, int step) {
    try {
      Artifact kept = tensors.state(state);
      CrashPoint.AFTER_CHECKPOINT_FILE.reached();
      attempt.checkpoint(new Checkpoint(kept.id(), step, numericClass));
    } catch (StorageException e) {
      log.warn(
          "could not save a checkpoint of task {} at step {}", attempt.task().lease(), step, e);
    }
  }

  /**
   * Waits for a save in progress, and logs how long the device waited for saves.
   *
   * @param busy the time that the attempt took
   */
  void close(Duration busy) {
    try (Lap _ = attempt.in(Phase.CHECKPOINT)) {
      saving.join();
    }
    if (pace.saves() > 0) {
      log.info(
          "task {}: {} checkpoints in {} s; the device waited for them {} % of the time",
          attempt.task().lease(),
          pace.saves(),
          String.format(Locale.ROOT, "%.1f", busy.toNanos() / 1e9),
          String.format(Locale.ROOT, "%.3f", 100.0 * pace.costs() / busy.toNanos()));
    }
  }
}
