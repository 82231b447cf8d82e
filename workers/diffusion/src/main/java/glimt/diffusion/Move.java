package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * The result of a sampler's step.
 *
 * @param x the new sample, [B, ...]
 * @param sigma its noise level: the next level of the schedule, or one above it that the sampler
 *     has chosen
 * @param seen the estimate of this step, which previews show and later steps find in their past
 * @param memory the sampler's memory for the next step
 * @param last whether the walk ends with it, wherever in its schedule it is
 */
public record Move(NDArray x, double sigma, Estimate seen, Memory memory, boolean last) {
  /** A move after which the walk goes on until its schedule ends. */
  public Move(NDArray x, double sigma, Estimate seen, Memory memory) {
    this(x, sigma, seen, memory, false);
  }
}
