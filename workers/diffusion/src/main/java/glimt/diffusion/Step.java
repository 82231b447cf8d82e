package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * What a sampler sees: a sample at a noise level, where the schedule would have it next, and whom
 * to ask.
 *
 * @param x the sample, [B, ...]
 * @param sigma its noise level
 * @param next the schedule's first level below sigma
 * @param index the number of this step, from 0; draws are numbered by it
 * @param remaining levels of the schedule below {@code next}; 0 in the last step
 * @param past estimates of earlier steps, the latest first, no more than the sampler asked for
 * @param memory what the sampler kept at the step before
 * @param noise where draws come from
 * @param denoiser D
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

  /** Asks the denoiser about this step's own sample: one network call each time. */
  public Estimate now() {
    return estimate(x, sigma);
  }

  /** Asks the denoiser about another place: one network call. */
  public Estimate estimate(NDArray x, double sigma) {
    return denoiser.estimate(x, sigma, past.isEmpty() ? null : past.getFirst());
  }

  /** Draw number {@code k} of this step: standard normals shaped like x. */
  public NDArray draw(int k) {
    return noise.normal(x, index, k);
  }

  /** This step from another place: noise was added, or a corrector moved the sample. */
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

  /** Whether the schedule's next level is this one: nothing is left to walk. */
  public boolean stays() {
    return next == sigma;
  }

  /** All steps of the walk. */
  public int steps() {
    return index + 1 + remaining;
  }

  /** On to the schedule's next level. */
  public Move to(NDArray x, Estimate seen) {
    return to(x, seen, Memory.NOTHING);
  }

  /** On to the schedule's next level, keeping something. */
  public Move to(NDArray x, Estimate seen, Memory memory) {
    return new Move(x, next, seen, memory);
  }
}
