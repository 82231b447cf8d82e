package glimt.worker;

import glimt.bundle.Safetensors;
import glimt.diffusion.Estimate;
import glimt.diffusion.Observer;
import glimt.diffusion.Waypoint;
import glimt.job.Artifact;
import glimt.job.Checkpoint;
import glimt.media.Preview;
import glimt.storage.StorageException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Between two steps of a walk it reports how far the walk is, shows it to whoever watches, and
 * saves it now and then.
 */
final class WalkReporter implements Observer {
  private static final long PREVIEW_EVERY = Duration.ofMillis(400).toNanos();
  private static final Logger log = LoggerFactory.getLogger(WalkReporter.class);

  private final Function<Estimate, Preview> preview;
  private final Attempt attempt;
  private final StoredTensors tensors;
  private final String numericClass;
  private final int steps;
  private final Pace pace;
  private CompletableFuture<Void> saving = CompletableFuture.completedFuture(null);
  private long shownAt = System.nanoTime() - PREVIEW_EVERY;

  /**
   * @param preview what an estimate looks like
   * @param from the step at which the walk begins
   */
  WalkReporter(
      Function<Estimate, Preview> preview,
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
    if (attempt.watched() && System.nanoTime() - shownAt >= PREVIEW_EVERY) {
      shownAt = System.nanoTime();
      show(preview.apply(now));
    }
  }

  private void show(Preview shown) {
    switch (shown) {
      case Preview.Sheet sheet ->
          attempt.preview(sheet.mediaType(), sheet.frames(), sheet.columns(), sheet.bytes());
      case Preview.Points points -> attempt.preview(points.mediaType(), 0, 0, points.bytes());
    }
  }

  @Override
  public boolean between(Waypoint here) {
    attempt.progress(here.steps(), steps);
    if (attempt.leaving()) {
      saving.join();
      write(StoredTensors.copy(here.arrays(), here.facts()), here.steps());
    } else if (pace.due(here.steps(), System.nanoTime()) && saving.isDone()) {
      save(here);
    }
    return !attempt.stopping();
  }

  /** The device waits until the state is copied, and not until it is on disk. */
  private void save(Waypoint here) {
    long began = System.nanoTime();
    Safetensors state = StoredTensors.copy(here.arrays(), here.facts());
    int step = here.steps();
    saving =
        CompletableFuture.runAsync(
            () -> write(state, step), run -> Thread.ofVirtual().name("checkpoint").start(run));
    pace.saved(began, System.nanoTime());
  }

  /** A checkpoint that cannot be kept costs time if this process dies, and nothing else. */
  private void write(Safetensors state, int step) {
    try {
      Artifact kept = tensors.state(state);
      CrashPoint.AFTER_CHECKPOINT_FILE.reached();
      attempt.checkpoint(new Checkpoint(kept.id(), step, numericClass));
    } catch (StorageException e) {
      log.warn("no checkpoint of task {} at step {}", attempt.task().lease(), step, e);
    }
  }

  /** Waits for what is being saved, and logs what saving cost. */
  void close(Duration busy) {
    saving.join();
    if (pace.saves() > 0) {
      log.info(
          "task {}: {} checkpoints in {} s kept the device waiting for {} %",
          attempt.task().lease(),
          pace.saves(),
          String.format(Locale.ROOT, "%.1f", busy.toNanos() / 1e9),
          String.format(Locale.ROOT, "%.3f", 100.0 * pace.costs() / busy.toNanos()));
    }
  }
}
