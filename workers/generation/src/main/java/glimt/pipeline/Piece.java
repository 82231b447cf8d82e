package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Estimate;
import glimt.diffusion.Noise;
import glimt.diffusion.Observer;
import glimt.diffusion.Region;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.model.Level;
import glimt.model.Refinement;
import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.pipeline.LevelDenoiser.Conditioning;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sampling of one segment of a level, from noise to the finished sample. Confined to one
 * thread; closing it frees all its arrays.
 */
public final class Piece implements AutoCloseable {
  private final NDManager manager;
  private final TimedNetwork network;
  private final String model;
  private final Level level;
  private final int index;
  private final Region region;
  private final Sampling sampling;
  private final WalkRecipe walk;
  private final Noise noise;

  /** Of what the network makes. */
  private final long[] shape;

  private final @Nullable Below inherited;
  private final @Nullable Draft draft;
  private final @Nullable KeptFrame kept;
  private final Conditioning conditions;

  Piece(
      NDManager manager,
      TimedNetwork network,
      String model,
      Level level,
      int index,
      Segment segment,
      Region region,
      Sampling sampling,
      long seed,
      Prompted prompted,
      @Nullable Below inherited,
      @Nullable Draft draft,
      @Nullable KeptFrame kept) {
    this.manager = manager;
    this.network = network;
    this.model = model;
    this.level = level;
    this.index = index;
    this.region = region;
    this.sampling = LevelWalk.at(level, sampling);
    WalkRecipe whole = LevelWalk.of(level.parametrisation(), this.sampling);
    this.walk =
        draft == null
            ? whole
            : whole.late(Refinement.skipped(whole.levels().steps(), draft.strength()));
    this.draft = draft;
    this.kept = kept;
    this.noise = new Noise(seed);
    this.shape = Mosaic.of(level).shape(segment);
    this.inherited = inherited;
    this.conditions = prompted.conditions(manager, level, sampling, this::seen);
  }

  /** The first level of the walk: pure noise, or what it begins with and as much noise. */
  public Waypoint start() {
    try (NDArray drawn = noise.start(manager, index, region, DataType.FLOAT32);
        NDArray start = drawn.reshape(batch())) {
      if (draft == null) {
        return trajectory().at(walk.levels(), walk.begin(start), model);
      }
      try (NDArray clean = manager.create(draft.values(), batch())) {
        return trajectory().start(walk.levels(), clean, start, model);
      }
    }
  }

  /**
   * Restores a waypoint from a checkpoint of this piece.
   *
   * @param arrays the arrays of the checkpoint by name
   * @param facts the metadata of the checkpoint
   * @throws IllegalArgumentException if the checkpoint belongs to another model, sampler, schedule
   *     or shape
   */
  public Waypoint resume(Map<String, NDArray> arrays, Map<String, String> facts) {
    Waypoint saved = Waypoint.of(arrays, facts).expecting(model);
    String sampler = walk.sampler().name();
    if (!saved.sampler().equals(sampler)
        || !Arrays.equals(saved.schedule().sigmas(), walk.levels().sigmas())
        || !saved.x().getShape().equals(batch())) {
      throw new IllegalArgumentException(
          "the checkpoint is of %s steps of %s on shape %s, but this piece needs %s steps of %s on shape %s"
              .formatted(
                  saved.schedule().steps(),
                  saved.sampler(),
                  saved.x().getShape(),
                  sampling.steps(),
                  sampler,
                  batch()));
    }
    return saved;
  }

  /** The manager that owns the arrays of this piece. */
  public NDManager manager() {
    return manager;
  }

  /**
   * Walks from a waypoint to the end of the schedule.
   *
   * @param observer is called after each step
   * @throws InterruptedException if this thread is interrupted; the walk stops between two steps
   */
  public Waypoint walk(Waypoint from, Observer observer) throws InterruptedException {
    return trajectory().on(from, observer);
  }

  /** The finished sample of the segment, in the layout of {@link Mosaic}. */
  public float[] sample(Waypoint end) {
    return grounded(walk.leave(end.x()));
  }

  /** The current estimate of the clean sample, in the layout of {@link Mosaic}. */
  public float[] guess(Estimate now) {
    return grounded(now.denoised());
  }

  /** The shape of the sample, without a batch axis. */
  public long[] shape() {
    long[] whole = shape.clone();
    if (level.keepsBelow() && inherited != null) {
      whole[0] += inherited.shape()[0];
    }
    return whole;
  }

  /** The total time spent in the network so far, in seconds. */
  public double networkSeconds() {
    return network.seconds();
  }

  @Override
  public void close() {
    manager.close();
  }

  private Shape batch() {
    return new Shape(1).addAll(new Shape(shape));
  }

  private Trajectory trajectory() {
    return new Trajectory(walk.sampler(), denoiser(), noise.draws(index, region));
  }

  private Denoiser denoiser() {
    KeptFrame frame = kept;
    return frame == null
        ? LevelDenoiser.of(level, network, sampling).guided(conditions)
        : LevelDenoiser.of(level, frame.under(network), sampling)
            .guided(conditions)
            .then(frame::begun);
  }

  /**
   * The enlarged level below, with noise added so that the network learns to correct its errors
   * (noise conditioning augmentation, Ho et al. 2022).
   */
  private NDArray seen() {
    Below below = inherited;
    if (below == null) {
      throw new IllegalArgumentException("level %s has no level below".formatted(level.name()));
    }
    float[] seen = below.seen().clone();
    if (level.belowNoise() > 0) {
      float[] blur = noise.normals(index, Noise.Purpose.CONDITION, 0, 0, below.noise());
      for (int i = 0; i < seen.length; i++) {
        seen[i] += (float) level.belowNoise() * blur[i];
      }
    }
    return manager.create(seen, new Shape(1).addAll(new Shape(below.shape())));
  }

  private float[] grounded(NDArray made) {
    float[] values = made.toFloatArray();
    if (kept != null) {
      kept.begin(values);
    }
    List<Double> units = level.residual();
    if (inherited == null) {
      return values;
    }
    float[] ground = inherited.ground();
    if (level.keepsBelow()) {
      float[] whole = Arrays.copyOf(ground, ground.length + values.length);
      System.arraycopy(values, 0, whole, ground.length, values.length);
      return whole;
    }
    if (units.isEmpty()) {
      return values;
    }
    int inner = Mosaic.of(level).valuesPerChannel(shape);
    for (int i = 0; i < values.length; i++) {
      double unit = units.get(i / inner % units.size());
      values[i] = ground[i] + (float) unit * values[i];
    }
    return values;
  }
}
