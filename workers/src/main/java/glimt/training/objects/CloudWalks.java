package glimt.training.objects;

import static glimt.points.KdOrder.CHANNELS;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
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
import glimt.job.BundleCard;
import glimt.job.Level;
import glimt.job.Sampling;
import glimt.job.Segment;
import glimt.points.KdOrder;
import glimt.points.PointLevels;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Samples clouds as a job's tasks do, one segment after another, for measuring. */
final class CloudWalks implements AutoCloseable {
  private final BundleCard card;
  private final Map<String, Network> networks;
  private final NDManager memory = NDManager.newBaseManager();

  /**
   * @param networks by level
   */
  CloudWalks(BundleCard card, Map<String, Network> networks) {
    this.card = card;
    this.networks = Map.copyOf(networks);
  }

  /** The base level, {@code [1024, 6]} in the units of samples, in k-d order. */
  float[] base(String prompt, long seed) throws InterruptedException {
    return KdOrder.sorted(walk(0, 0, tokens(prompt), null, seed));
  }

  /** The dense level over a base in k-d order, {@code [4096, 6]} in the units of samples. */
  float[] dense(String prompt, float[] base, long seed) throws InterruptedException {
    Level level = card.levels().get(1);
    float[] dense = new float[base.length * PointLevels.CHILDREN];
    for (Segment segment : level.segments()) {
      int start = segment.spans().getFirst().start();
      float[] residual = walk(1, start, tokens(prompt), PointLevels.below(base, start), seed);
      float[] children = PointLevels.children(base, start, residual, level.residual());
      System.arraycopy(children, 0, dense, start * CHANNELS, children.length);
    }
    return dense;
  }

  /** A sample's values as positions in [-1, 1] and sRGB in [0, 1]. */
  float[] open(float[] sample) {
    float[] open = sample.clone();
    for (int i = 0; i < open.length; i++) {
      int c = i % CHANNELS;
      double value = open[i] * card.scale().get(c) + card.offset().get(c);
      open[i] = (float) (c < 3 ? value : Math.clamp(value, 0, 1));
    }
    return open;
  }

  private long[] tokens(String prompt) {
    return card.vocabulary().read(prompt).tokens().stream().mapToLong(Integer::longValue).toArray();
  }

  private float[] walk(int index, int start, long[] tokens, float @Nullable [] below, long seed)
      throws InterruptedException {
    Level level = card.levels().get(index);
    Network network = java.util.Objects.requireNonNull(networks.get(level.name()));
    Region.Points region =
        new Region.Points(start, level.axes().getFirst().window(), level.channels());
    Sampling how = level.sampling();
    Prediction asked = prediction(network, tokens, how.guidance() != 1, below);
    Prediction guided =
        how.guidance() == 1 ? asked : Guidance.scale(how.guidance()).batched(asked);
    Noise noise = new Noise(seed);
    Trajectory trajectory =
        new Trajectory(
            Samplers.named(how.sampler()),
            Preconditioning.edm(level.sigmaData()).denoiser(guided),
            noise.draws(index, region));
    NoiseSchedule schedule =
        NoiseSchedule.karras(how.steps(), how.sigmaMin(), how.sigmaMax(), how.rho());
    try (NDManager scope = memory.newSubManager();
        Waypoint from =
            trajectory.start(
                schedule, noise.start(scope, index, region, DataType.FLOAT32), level.name());
        Waypoint end = trajectory.on(from, Observer.NOBODY)) {
      return end.x().toFloatArray();
    }
  }

  /** The network asked for one sample: with its words and, when guided, also without them. */
  private static Prediction prediction(
      Network network, long[] tokens, boolean twice, float @Nullable [] below) {
    int rows = twice ? 2 : 1;
    return (input, noise) -> {
      NDManager scope = input.getManager();
      NDArray level = scope.full(new Shape(rows), (float) noise);
      long[] said = java.util.Arrays.copyOf(tokens, rows * tokens.length);
      NDArray words = scope.create(said, new Shape(rows, tokens.length));
      NDArray beside = null;
      if (below != null) {
        float[] all = new float[rows * below.length];
        for (int row = 0; row < rows; row++) {
          System.arraycopy(below, 0, all, row * below.length, below.length);
        }
        beside = scope.create(all, new Shape(rows, below.length / CHANNELS, CHANNELS));
      }
      return network.forward(input, level, words, beside);
    };
  }

  @Override
  public void close() {
    networks.values().forEach(Network::close);
    memory.close();
  }
}
