package glimt.training.clips;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.Safetensors.Tensor;
import glimt.diffusion.Denoiser;
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
import glimt.job.Level;
import glimt.job.Sampling;
import org.jspecify.annotations.Nullable;

/** Samples many clips of one level at once, by the path that jobs take: to measure with. */
final class LevelSampler {
  private final Network network;
  private final Level level;
  private final int depth;
  private final Sampling sampling;

  /**
   * @param depth 0 for the base, counted up the hierarchy
   */
  LevelSampler(Network network, Level level, int depth, Sampling sampling) {
    this.network = network;
    this.level = level;
    this.depth = depth;
    this.sampling = sampling;
  }

  /**
   * One sample for each row of words; row i from the noise of {@code seed + i}.
   *
   * @param shape [rows, frames, 3, height, width]
   * @return of that shape
   */
  float[] sample(Tensor words, long[] shape, @Nullable Tensor below, long seed)
      throws InterruptedException {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NoiseSchedule schedule =
          NoiseSchedule.karras(
              sampling.steps(), sampling.sigmaMin(), sampling.sigmaMax(), sampling.rho());
      Region.Frames region =
          Region.Frames.whole((int) shape[1], (int) shape[2], (int) shape[3], (int) shape[4]);
      Trajectory walk =
          new Trajectory(
              Samplers.named(sampling.sampler()),
              denoiser(scope, words, below),
              new Noise(seed).draws(depth, region));
      NDArray noise = noise(scope, region, shape, seed);
      try (Waypoint start = walk.start(schedule, noise, level.name());
          Waypoint end = walk.on(start, Observer.NOBODY)) {
        return end.x().toFloatArray();
      }
    }
  }

  /**
   * The best guess of the sample from pure noise, one evaluation: what a level makes of below
   * alone.
   */
  float[] guess(Tensor words, long[] shape, @Nullable Tensor below, long seed) {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      Region.Frames region =
          Region.Frames.whole((int) shape[1], (int) shape[2], (int) shape[3], (int) shape[4]);
      NDArray x = noise(scope, region, shape, seed).mul(sampling.sigmaMax());
      return denoiser(scope, words, below)
          .estimate(x, sampling.sigmaMax(), null)
          .denoised()
          .toFloatArray();
    }
  }

  private NDArray noise(NDManager scope, Region.Frames region, long[] shape, long seed) {
    NDList rows = new NDList();
    for (int row = 0; row < shape[0]; row++) {
      rows.add(new Noise(seed + row).start(scope, depth, region, DataType.FLOAT32));
    }
    return NDArrays.concat(rows, 0);
  }

  private Denoiser denoiser(NDManager scope, Tensor words, @Nullable Tensor below) {
    boolean guided = sampling.guidance() != 1;
    NDArray said = scope.create(words.longs(), new Shape(words.dimensions()));
    NDArray under =
        below == null ? null : scope.create(below.floats(), new Shape(below.dimensions()));
    NDArray asked = guided ? said.concat(said.zerosLike()) : said;
    NDArray given = guided && under != null ? under.concat(under) : under;
    Prediction plain =
        (input, noise) ->
            network.forward(
                input,
                input.getManager().full(new Shape(input.getShape().get(0)), (float) noise),
                asked,
                given);
    Preconditioning edm = Preconditioning.edm(level.sigmaData());
    return edm.denoiser(guided ? Guidance.scale(sampling.guidance()).batched(plain) : plain);
  }
}
