package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Estimate;
import glimt.diffusion.Guidance;
import glimt.diffusion.Noise;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Observer;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.Region;
import glimt.diffusion.Samplers;
import glimt.diffusion.Trajectory;
import glimt.diffusion.Waypoint;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.Segment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One segment of a level on its way from noise to a sample. Confined to one thread; closing it
 * frees every array it made.
 */
public final class Piece implements AutoCloseable {
  private final NDManager manager;
  private final Network network;
  private final String model;
  private final Level level;
  private final int index;
  private final Region region;
  private final Sampling sampling;
  private final Noise noise;
  private final long[] shape;
  private final float @Nullable [] ground;
  private final NDArray words;
  private final @Nullable NDArray below;
  private long networkNanos;

  Piece(
      NDManager manager,
      Network network,
      String model,
      Level level,
      int index,
      Segment segment,
      Region region,
      Sampling sampling,
      Noise noise,
      List<Integer> words,
      @Nullable Below inherited) {
    this.manager = manager;
    this.network = network;
    this.model = model;
    this.level = level;
    this.index = index;
    this.region = region;
    this.sampling = sampling;
    this.noise = noise;
    this.shape = Mosaic.shape(level, segment);
    this.ground = inherited == null ? null : inherited.ground();
    this.words = rows(words);
    this.below = inherited == null ? null : rows(inherited);
  }

  /** Pure noise at the first level of the schedule. */
  public Waypoint start() {
    try (NDArray start = noise.start(manager, index, region, DataType.FLOAT32)) {
      return trajectory().start(schedule(), start, model);
    }
  }

  /**
   * A saved waypoint of this very piece.
   *
   * @param arrays by name, the values row-major
   * @throws IllegalArgumentException if it is another's
   */
  public Waypoint resume(Map<String, NDArray> arrays, Map<String, String> facts) {
    Waypoint saved = Waypoint.of(arrays, facts).expecting(model);
    String sampler = trajectory().sampler().name();
    Shape whole = new Shape(1).addAll(new Shape(shape));
    if (!saved.sampler().equals(sampler)
        || !Arrays.equals(saved.schedule().sigmas(), schedule().sigmas())
        || !saved.x().getShape().equals(whole)) {
      throw new IllegalArgumentException(
          "a checkpoint of %s steps of %s on %s, not of %s steps of %s on %s"
              .formatted(
                  saved.schedule().steps(),
                  saved.sampler(),
                  saved.x().getShape(),
                  sampling.steps(),
                  sampler,
                  whole));
    }
    return saved;
  }

  /** Where arrays of this piece live. */
  public NDManager manager() {
    return manager;
  }

  /**
   * @throws InterruptedException when the thread was interrupted, between two steps
   */
  public Waypoint walk(Waypoint from, Observer observer) throws InterruptedException {
    return trajectory().on(from, observer);
  }

  /** The segment's sample at the end of its walk, laid out as {@link Mosaic} says. */
  public float[] sample(Waypoint end) {
    return grounded(end.x());
  }

  /** What the sample looks like so far. */
  public float[] guess(Estimate now) {
    return grounded(now.denoised());
  }

  public long[] shape() {
    return shape.clone();
  }

  /** Time spent in the network so far. */
  public double networkSeconds() {
    return networkNanos / 1e9;
  }

  @Override
  public void close() {
    manager.close();
  }

  private NoiseSchedule schedule() {
    return NoiseSchedule.karras(
        sampling.steps(), sampling.sigmaMin(), sampling.sigmaMax(), sampling.rho());
  }

  private Trajectory trajectory() {
    return new Trajectory(
        Samplers.named(sampling.sampler()), denoiser(), noise.draws(index, region));
  }

  private Denoiser denoiser() {
    Prediction asked = this::predict;
    Prediction guided = guided() ? Guidance.scale(sampling.guidance()).batched(asked) : asked;
    return Preconditioning.edm(level.sigmaData()).denoiser(guided);
  }

  private boolean guided() {
    return sampling.guidance() != 1;
  }

  private NDArray predict(NDArray input, double level) {
    long before = System.nanoTime();
    NDArray levels =
        input
            .getManager()
            .full(new Shape(input.getShape().get(0)), (float) level, DataType.FLOAT32);
    NDArray answer = network.forward(input, levels, Network.conditioning(words, below));
    networkNanos += System.nanoTime() - before;
    return answer;
  }

  /** The words, and a row of silence below them when there is guidance. */
  private NDArray rows(List<Integer> tokens) {
    int length = tokens.size();
    long[] ids = new long[guided() ? 2 * length : length];
    for (int i = 0; i < length; i++) {
      ids[i] = tokens.get(i);
    }
    return manager.create(ids, new Shape(ids.length / length, length));
  }

  /**
   * What is seen of the level below, once for each row of the batch, with noise so that the network
   * does not trust it blindly.
   */
  private NDArray rows(Below inherited) {
    float[] seen = inherited.seen().clone();
    if (level.belowNoise() > 0) {
      float[] blur = noise.normals(index, Noise.Purpose.CONDITION, 0, 0, seenRegion(inherited));
      for (int i = 0; i < seen.length; i++) {
        seen[i] += (float) level.belowNoise() * blur[i];
      }
    }
    NDArray one = manager.create(seen, new Shape(1).addAll(new Shape(inherited.shape())));
    return guided() ? NDArrays.concat(new NDList(one, one)) : one;
  }

  /**
   * Frames see the noise of their own place; a base cloud is turned, and its noise turns with it.
   */
  private Region seenRegion(Below inherited) {
    return switch (region) {
      case Region.Frames frames -> frames;
      case Region.Points points ->
          new Region.Points(points.point(), (int) inherited.shape()[0], (int) inherited.shape()[1]);
    };
  }

  private float[] grounded(NDArray made) {
    float[] values = made.toFloatArray();
    List<Double> units = level.residual();
    if (units.isEmpty() || ground == null) {
      return values;
    }
    int inner = 1;
    for (int axis = 2; axis < shape.length; axis++) {
      inner *= (int) shape[axis];
    }
    for (int i = 0; i < values.length; i++) {
      double unit = units.get(i / inner % units.size());
      values[i] = ground[i] + (float) unit * values[i];
    }
    return values;
  }
}
