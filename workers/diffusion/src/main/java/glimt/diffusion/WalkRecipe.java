package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.function.Function;

/**
 * All settings of a walk except its network, noise and sample, as derived from a published
 * scheduler configuration for a number of steps.
 *
 * @param levels the noise levels
 * @param times the network's time input at each level but the last
 * @param frame the coordinates of the published scheduler's samples
 * @param start the standard deviation of the initial noise in those coordinates
 * @param sampler the equation of the steps
 * @param reading converts a network into a denoiser
 */
public record WalkRecipe(
    NoiseSchedule levels,
    List<Double> times,
    Frame frame,
    double start,
    Sampler sampler,
    Function<Prediction, Denoiser> reading) {

  public WalkRecipe {
    times = List.copyOf(times);
    if (times.size() != levels.steps()) {
      throw new IllegalArgumentException(
          "a walk needs a time for each step, not %s times for %s steps"
              .formatted(times.size(), levels.steps()));
    }
  }

  /** The denoiser of a network. */
  public Denoiser denoiser(Prediction network) {
    return reading.apply(network);
  }

  /** The initial sample x, from standard normals. */
  public NDArray begin(NDArray noise) {
    return enter(noise.mul(start));
  }

  /** Converts an initial sample from the published coordinates to x. */
  public NDArray enter(NDArray z) {
    return frame.enter(z, levels.sigma(0));
  }

  /** Converts the final x to the published coordinates. */
  public NDArray leave(NDArray x) {
    return frame.leave(x, levels.sigma(levels.steps()));
  }

  /** The same levels and the same reading, stepped otherwise. */
  public WalkRecipe with(Sampler other) {
    return new WalkRecipe(levels, times, frame, start, other, reading);
  }

  /**
   * This walk without its first {@code skipped} steps: image-to-image with a strength of (n -
   * skipped) / n.
   */
  public WalkRecipe late(int skipped) {
    return new WalkRecipe(
        levels.late(skipped), times.subList(skipped, times.size()), frame, start, sampler, reading);
  }
}
