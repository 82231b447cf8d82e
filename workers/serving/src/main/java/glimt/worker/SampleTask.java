package glimt.worker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.diffusion.Waypoint;
import glimt.generation.Modalities;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.Work;
import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Level;
import glimt.model.Port;
import glimt.pipeline.Cascade;
import glimt.pipeline.Draft;
import glimt.pipeline.KeptFrame;
import glimt.pipeline.LevelWalk;
import glimt.pipeline.Modality;
import glimt.pipeline.Modality.Seen;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Piece;
import glimt.pipeline.Prompted;
import glimt.storage.StorageException;
import glimt.worker.Stopwatch.Lap;
import glimt.worker.Stopwatch.Phase;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A sample task: denoises one segment, from its latest checkpoint that can be read.
 *
 * @param gate is asked whether what the job gives, and each preview, may pass
 * @param warn is told of what the job gives that does not suit
 */
record SampleTask(
    Generation generation,
    Task task,
    Work.Sample work,
    LoadedBundle bundle,
    Attempt attempt,
    FilterGate gate,
    Consumer<String> warn) {

  private static final Logger log = LoggerFactory.getLogger(SampleTask.class);

  Product product() throws InterruptedException {
    BundleCard card = bundle.card();
    Level level = noised(Generation.level(task, bundle, work.extents()));
    Modality modality = Modalities.of(card.kind());
    Cascade cascade =
        new Cascade(
            card,
            modality,
            of -> {
              try (Lap _ = attempt.in(Phase.LOAD)) {
                return bundle.network(of);
              }
            },
            task.card() + " on " + generation.numericClass());
    Beginning beginning = new Beginning(generation, task, work, level, bundle, gate, warn);
    @Nullable Draft draft;
    @Nullable KeptFrame kept;
    try (Lap _ = attempt.in(Phase.ENCODE)) {
      draft = beginning.draft();
      kept = beginning.kept();
    }
    try (Piece piece =
        cascade.piece(
            generation.manager(),
            level,
            work.segment(),
            work.sampling(),
            task.spec().sampling().seed(),
            prompted(level, beginning),
            level.enlargesPicture() ? beginning.below() : inherited(level, card),
            draft,
            kept)) {
      return walked(piece, level);
    }
  }

  /** Returns a level with the noise of the one below that the job asks for. */
  private Level noised(Level level) {
    Integer step = task.spec().noiseLevel();
    return step == null || !level.takesAnyNoiseBelow() ? level : LevelWalk.noised(level, step);
  }

  private Cascade.@Nullable Inherited inherited(Level level, BundleCard card) {
    List<ArtifactId> below = task.inputs(Plan.BELOW);
    if (below.isEmpty() || level.refinement() != null) {
      return null;
    }
    StoredTensors.Stored stored = generation.tensors().sample(below.getFirst());
    int index = card.levels().indexOf(card.level(task.work().level()));
    Level under = card.levels().get(index - 1).seenLevel();
    Level sized = under.whole(Mosaic.of(under).extents(stored.shape()));
    return new Cascade.Inherited(
        sized, new Mosaic.Fragment(Mosaic.of(sized).whole(), stored.values()));
  }

  /**
   * Returns the tensors made from the prompts and the picture, by the ports of the level that
   * receive them.
   */
  private Prompted prompted(Level level, Beginning beginning) {
    Map<Port, Function<NDManager, NDArray>> given = new LinkedHashMap<>();
    Map<Port, Function<NDManager, NDArray>> withheld = new LinkedHashMap<>();
    Map<ArtifactId, Safetensors> read = new HashMap<>();
    for (Port port : level.ports()) {
      switch (port.feed()) {
        case PROMPT -> {
          given.put(port, tokens(task.spec().prompt()));
          withheld.put(port, tokens(unconditional(port)));
        }
        case ENCODER -> {
          Encoder encoder = bundle.card().encoder(Objects.requireNonNull(port.encoder()));
          String output = Objects.requireNonNull(port.output());
          encoded(Plan.port(encoder), output, read).ifPresent(feed -> given.put(port, feed));
          String other = Objects.requireNonNull(port.unconditionalOutput());
          encoded(Plan.unconditionalPort(encoder), other, read)
              .ifPresent(feed -> withheld.put(port, feed));
        }
        case PICTURE_LATENTS -> given.put(port, scope -> beginning.opening().latents(scope));
        case PICTURE_STATES -> given.put(port, scope -> beginning.opening().states(scope));
        case GUIDANCE, BELOW, BELOW_KEPT, BELOW_BY_CORNERS, BELOW_NOISE, BELOW_SIGNAL -> {}
        case SIZES, SCORED_SIZES, PLACES -> {}
      }
    }
    return new Prompted(given, withheld);
  }

  private String unconditional(Port port) {
    return port.unconditional() == Port.Unconditional.NEGATIVE_PROMPT
        ? Objects.requireNonNullElse(task.spec().negativePrompt(), "")
        : "";
  }

  private Function<NDManager, NDArray> tokens(String prompt) {
    return bundle.tokens(bundle.card().reader(), prompt)::ids;
  }

  private Optional<Function<NDManager, NDArray>> encoded(
      String port, String output, Map<ArtifactId, Safetensors> read) {
    return task.inputs(port).stream()
        .findFirst()
        .map(id -> read.computeIfAbsent(id, generation.tensors()::read).get(output))
        .map(tensor -> scope -> StoredTensors.array(scope, tensor));
  }

  private Product walked(Piece piece, Level level) throws InterruptedException {
    int steps = work.steps();
    long began = System.nanoTime();
    SeenLatent seen =
        new SeenLatent(
            bundle,
            level,
            generation.below(task, level.codec()),
            piece.shape(),
            generation.manager(),
            SeenLatent.SLOW);
    try (Waypoint from = begin(piece)) {
      WalkReporter reporter =
          new WalkReporter(
              now -> {
                Seen shown = seen.of(piece.guess(now));
                return gate.shows(shown, level.seen())
                    ? Modalities.of(bundle.card().kind()).preview(shown)
                    : null;
              },
              attempt,
              generation.tensors(),
              generation.numericClass(),
              steps,
              from.steps());
      Lap walking = attempt.in(Phase.DENOISE);
      try (Waypoint end = piece.walk(from, reporter)) {
        walking.close();
        if (!end.arrived()) {
          attempt.check();
        }
        attempt.spent(piece.networkSeconds());
        // Also where the sampler chose its own levels, or ended early.
        attempt.progress(end.steps(), end.steps());
        try (Lap _ = attempt.in(Phase.WRITE)) {
          return generation.tensors().sample(piece.sample(end), piece.shape());
        }
      } finally {
        reporter.close(Duration.ofNanos(System.nanoTime() - began));
      }
    }
  }

  /** Resumes from the latest checkpoint that can be read and verified, or starts anew. */
  private Waypoint begin(Piece piece) {
    for (Checkpoint checkpoint : task.checkpoints()) {
      try {
        Waypoint here = resumed(checkpoint, piece);
        attempt.resumed(here.steps());
        return here;
      } catch (StorageException | BundleException | IllegalArgumentException refused) {
        log.warn(
            "task {} cannot resume from checkpoint {} at step {}: {}",
            task.lease(),
            checkpoint.state(),
            checkpoint.step(),
            refused.toString());
      }
    }
    return piece.start();
  }

  /**
   * Resumes from one checkpoint.
   *
   * @throws StorageException if its file cannot be read, or is missing or damaged
   * @throws BundleException if the file is not a valid safetensors file
   * @throws IllegalArgumentException if it is of another class, bundle, version, task or step
   */
  private Waypoint resumed(Checkpoint checkpoint, Piece piece) {
    if (!checkpoint.numericClass().equals(generation.numericClass())) {
      throw new IllegalArgumentException(
          "its numeric class is %s, not %s"
              .formatted(checkpoint.numericClass(), generation.numericClass()));
    }
    Safetensors saved = generation.tensors().read(checkpoint.state());
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    saved
        .tensors()
        .forEach((name, tensor) -> arrays.put(name, StoredTensors.array(piece.manager(), tensor)));
    Waypoint here = piece.resume(arrays, saved.metadata());
    if (here.steps() != checkpoint.step()) {
      throw new IllegalArgumentException(
          "its file is of step %s, not %s".formatted(here.steps(), checkpoint.step()));
    }
    return here;
  }
}
