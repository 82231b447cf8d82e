package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.function.Function;

/**
 * Everything of a walk but its network, its noise and its sample: what a published schedule of n
 * steps comes down to.
 *
 * @param levels where it goes
 * @param times what the network is told at each level but the last
 * @param frame the scale in which those who published it keep their samples
 * @param start the standard deviation, in that scale, of the noise it starts from
 * @param sampler how it steps
 * @param reading how a network's answers become guesses
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
          "%s times do not name %s steps".formatted(times.size(), levels.steps()));
    }
  }

  /** The denoiser a network makes. */
  public Denoiser denoiser(Prediction network) {
    return reading.apply(network);
  }

  /** The first sample, from standard normals. */
  public NDArray begin(NDArray noise) {
    return enter(noise.mul(start));
  }

  /** x of a first sample in the frame it was published in. */
  public NDArray enter(NDArray z) {
    return frame.enter(z, levels.sigma(0));
  }

  /** What the last x is in that frame: the result. */
  public NDArray leave(NDArray x) {
    return frame.leave(x, levels.sigma(levels.steps()));
  }

  /** The same levels and the same reading, stepped otherwise. */
  public WalkRecipe with(Sampler other) {
    return new WalkRecipe(levels, times, frame, start, other, reading);
  }

  /**
   * The same walk begun late, from a sample with noise of its first level: image to image at a
   * strength of (n - skipped) / n.
   */
  public WalkRecipe late(int skipped) {
    return new WalkRecipe(
        levels.late(skipped), times.subList(skipped, times.size()), frame, start, sampler, reading);
  }
}
