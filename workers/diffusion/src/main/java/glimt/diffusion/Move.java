package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * What a sampler answers.
 *
 * @param x the sample it reached
 * @param sigma the noise level it reached: the schedule's next, or one of its own choice in between
 * @param seen the estimate of this step: what a preview shows and later steps find in the past
 * @param memory what the sampler wants to find at the next step
 */
public record Move(NDArray x, double sigma, Estimate seen, Memory memory) {}
