package glimt.worker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.artifact.Artifacts;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.diffusion.Estimate;
import glimt.diffusion.Observer;
import glimt.diffusion.Waypoint;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.InvalidSpec;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.Task;
import glimt.job.Work;
import glimt.media.Preview;
import glimt.media.Video;
import glimt.model.Level;
import glimt.pipeline.Cascade;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Piece;
import glimt.storage.StorageException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Task → artifacts. A sample task walks one segment from noise to a sample; an assemble task blends
 * a level's segments and writes the file people open.
 *
 * @param bundles by name
 * @param manager where native memory is taken from
 * @param numericClass what the bits depend on beside card, spec and networks
 */
public record Generation(
    Map<String, LoadedBundle> bundles,
    Artifacts artifacts,
    Video video,
    NDManager manager,
    String numericClass)
    implements Maker {

  private static final String SAFETENSORS = "application/vnd.safetensors";
  private static final String SAMPLE = "sample";

  private static final long PREVIEW_EVERY = Duration.ofMillis(400).toNanos();
  private static final Logger log = LoggerFactory.getLogger(Generation.class);

  @Override
  public Outcome make(Task task, Attempt attempt) throws InterruptedException {
    LoadedBundle bundle = bundle(task);
    Level level = bundle.card().level(task.work().level()).at(task.spec().wishes().quality());
    List<Product> products =
        switch (task.work()) {
          case Work.Sample sample -> List.of(sampled(task, sample, level, bundle, attempt));
          case Work.Assemble assemble -> assembled(task, assemble, level, bundle);
        };
    CrashPoint.AFTER_ARTIFACT.reached();
    return new Outcome.Succeeded(products);
  }

  private LoadedBundle bundle(Task task) {
    LoadedBundle bundle = bundles.get(task.spec().model());
    if (bundle == null || !bundle.digest().equals(task.card())) {
      throw new InvalidSpec(
          "model",
          "this worker has no %s of digest %s".formatted(task.spec().model(), task.card()));
    }
    return bundle;
  }

  // ---- sample

  private Product sampled(
      Task task, Work.Sample work, Level level, LoadedBundle bundle, Attempt attempt)
      throws InterruptedException {
    float[] below = task.inputs().isEmpty() ? null : read(task.inputs().getFirst());
    List<Integer> words = bundle.card().vocabulary().read(task.spec().prompt()).tokens();
    Cascade cascade =
        new Cascade(bundle.card(), bundle::network, task.card() + " on " + numericClass);
    try (Piece piece =
        cascade.piece(
            manager,
            level,
            work.segment(),
            work.sampling(),
            task.spec().wishes().seed(),
            words,
            below)) {
      return walked(task, work, piece, new Rendering(bundle.card(), level), attempt);
    }
  }

  private Product walked(
      Task task, Work.Sample work, Piece piece, Rendering rendering, Attempt attempt)
      throws InterruptedException {
    int steps = work.sampling().steps();
    long began = System.nanoTime();
    try (Waypoint from = begin(task, piece, attempt)) {
      Reporter reporter = new Reporter(piece, rendering, attempt, steps, from.steps());
      try (Waypoint end = piece.walk(from, reporter)) {
        if (!end.arrived()) {
          attempt.check();
        }
        attempt.spent(piece.networkSeconds());
        attempt.progress(steps, steps);
        return sample(piece.sample(end), piece.shape());
      } finally {
        reporter.close(Duration.ofNanos(System.nanoTime() - began));
      }
    }
  }

  /** Where an earlier attempt got to, if that can be trusted; else the beginning. */
  private Waypoint begin(Task task, Piece piece, Attempt attempt) {
    for (Checkpoint checkpoint : task.checkpoints()) {
      try {
        Waypoint here = resumed(checkpoint, piece);
        attempt.resumed(here.steps());
        return here;
      } catch (StorageException | BundleException | IllegalArgumentException refused) {
        log.warn(
            "task {} does not go on from checkpoint {} at step {}: {}",
            task.lease(),
            checkpoint.state(),
            checkpoint.step(),
            refused.toString());
      }
    }
    return piece.start();
  }

  /**
   * @throws StorageException if its file is not there, or not what its digest stands for
   * @throws BundleException if that file is none of ours
   * @throws IllegalArgumentException if it is of another class, bundle, version, task or step
   */
  private Waypoint resumed(Checkpoint checkpoint, Piece piece) {
    if (!checkpoint.numericClass().equals(numericClass)) {
      throw new IllegalArgumentException(
          "it is of class %s, not %s".formatted(checkpoint.numericClass(), numericClass));
    }
    Safetensors saved = safetensors(checkpoint.state());
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    saved.tensors().forEach((name, tensor) -> arrays.put(name, array(piece.manager(), tensor)));
    Waypoint here = piece.resume(arrays, saved.metadata());
    if (here.steps() != checkpoint.step()) {
      throw new IllegalArgumentException("it is of step " + here.steps());
    }
    return here;
  }

  /**
   * Tells, between two steps, how far a walk is; shows it to who watches; saves it now and then.
   */
  private final class Reporter implements Observer {
    private final Piece piece;
    private final Rendering rendering;
    private final Attempt attempt;
    private final int steps;
    private final Pace pace;
    private CompletableFuture<Void> saving = CompletableFuture.completedFuture(null);
    private long shownAt = System.nanoTime() - PREVIEW_EVERY;

    private Reporter(Piece piece, Rendering rendering, Attempt attempt, int steps, int from) {
      this.piece = piece;
      this.rendering = rendering;
      this.attempt = attempt;
      this.steps = steps;
      this.pace = new Pace(steps, from, System.nanoTime());
    }

    @Override
    public void seen(Estimate now, int step) {
      CrashPoint.MID_STEP.reached(step);
      if (attempt.watched() && System.nanoTime() - shownAt >= PREVIEW_EVERY) {
        shownAt = System.nanoTime();
        Preview preview = rendering.preview(piece.guess(now), piece.shape());
        show(preview);
      }
    }

    private void show(Preview preview) {
      switch (preview) {
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
        write(state(here), here.steps());
      } else if (pace.due(here.steps(), System.nanoTime()) && saving.isDone()) {
        save(here);
      }
      return !attempt.stopping();
    }

    /** The device waits until the state is copied, and not until it is on disk. */
    private void save(Waypoint here) {
      long began = System.nanoTime();
      Safetensors state = state(here);
      int step = here.steps();
      saving =
          CompletableFuture.runAsync(
              () -> write(state, step), run -> Thread.ofVirtual().name("checkpoint").start(run));
      pace.saved(began, System.nanoTime());
    }

    /** A checkpoint that cannot be kept costs time if this process dies, and nothing else. */
    private void write(Safetensors state, int step) {
      try {
        Artifact kept = put(state);
        CrashPoint.AFTER_CHECKPOINT_FILE.reached();
        attempt.checkpoint(new Checkpoint(kept.id(), step, numericClass));
      } catch (StorageException e) {
        log.warn("no checkpoint of task {} at step {}", attempt.task().lease(), step, e);
      }
    }

    /** Waits for what is being saved, and says what saving cost. */
    private void close(Duration busy) {
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

  private static Safetensors state(Waypoint here) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    here.arrays()
        .forEach(
            (name, array) ->
                tensors.put(name, Tensor.of(array.toFloatArray(), array.getShape().getShape())));
    return new Safetensors(tensors, here.facts());
  }

  // ---- assemble

  private List<Product> assembled(Task task, Work.Assemble work, Level level, LoadedBundle bundle)
      throws InterruptedException {
    List<float[]> pieces = new ArrayList<>();
    for (ArtifactId input : task.inputs()) {
      pieces.add(read(input));
    }
    float[] whole = Mosaic.joined(level, pieces);
    long[] shape = Mosaic.shape(level);
    byte[] file =
        new Rendering(bundle.card(), level).file(whole, shape, work, task.spec().format(), video);
    Artifact media = artifacts.put(task.spec().format().mediaType(), file);
    return List.of(sample(whole, shape), new Product(Role.MEDIA, media));
  }

  // ---- samples on disk

  private Product sample(float[] values, long[] shape) {
    return new Product(Role.SAMPLE, put(new Safetensors(Map.of(SAMPLE, Tensor.of(values, shape)))));
  }

  private Artifact put(Safetensors tensors) {
    return artifacts.put(SAFETENSORS, tensors.bytes());
  }

  private float[] read(ArtifactId sample) {
    return safetensors(sample).get(SAMPLE).floats();
  }

  private Safetensors safetensors(ArtifactId id) {
    return Safetensors.parse("artifact " + id, artifacts.read(id));
  }

  private static NDArray array(NDManager manager, Tensor tensor) {
    return manager.create(tensor.floats(), new Shape(tensor.dimensions()));
  }
}
