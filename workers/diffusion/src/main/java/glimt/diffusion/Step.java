package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * The input of a sampler: a sample at a noise level, the next level of the schedule, the denoiser
 * and the history.
 *
 * @param x the sample, [B, ...]
 * @param sigma its noise level
 * @param next the schedule's next level
 * @param index the index of this step, counted from 0, which also numbers its draws
 * @param remaining the number of levels after {@code next}; 0 in the last step
 * @param past the estimates of earlier steps, the latest first, at most {@link Sampler#history} of
 *     them
 * @param memory the sampler's memory from the previous step
 * @param noise the source of draws
 * @param denoiser the denoiser D
 */
public record Step(
    NDArray x,
    double sigma,
    double next,
    int index,
    int remaining,
    List<Estimate> past,
    Memory memory,
    Draw noise,
    Denoiser denoiser) {

  /** Evaluates the denoiser at this step's sample. Each call evaluates the network. */
  public Estimate now() {
    return estimate(x, sigma);
  }

  /** Evaluates the denoiser at another sample and noise level. Each call evaluates the network. */
  public Estimate estimate(NDArray x, double sigma) {
    return denoiser.estimate(x, sigma, past.isEmpty() ? null : past.getFirst());
  }

  /** Draw number {@code k} of this step: standard normals of the shape of x. */
  public NDArray draw(int k) {
    return noise.normal(x, index, k);
  }

  /**
   * This step from another sample and level, for example after noise was added or a corrector moved
   * the sample.
   */
  public Step from(NDArray x, double sigma) {
    return new Step(x, sigma, next, index, remaining, past, memory, noise, denoiser);
  }

  /** This step with its draws scaled. */
  Step louder(double scale) {
    Draw louder = (like, step, draw) -> noise.normal(like, step, draw).mul(scale);
    return new Step(x, sigma, next, index, remaining, past, memory, louder, denoiser);
  }

  /** This step in a walk that is one step shorter. */
  Step withoutLast() {
    return new Step(x, sigma, next, index, remaining - 1, past, memory, noise, denoiser);
  }

  /** This step towards another level. */
  public Step towards(double next) {
    return new Step(x, sigma, next, index, remaining, past, memory, noise, denoiser);
  }

  /** Whether the schedule's next level equals the current one, so that the sample does not move. */
  public boolean stays() {
    return next == sigma;
  }

  /** The total number of steps of the walk. */
  public int steps() {
    return index + 1 + remaining;
  }

  /** A move to the schedule's next level without memory. */
  public Move to(NDArray x, Estimate seen) {
    return to(x, seen, Memory.NOTHING);
  }

  /** A move to the schedule's next level with memory for the next step. */
  public Move to(NDArray x, Estimate seen, Memory memory) {
    return new Move(x, next, seen, memory);
  }
}
