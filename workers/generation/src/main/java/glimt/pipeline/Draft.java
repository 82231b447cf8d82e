package glimt.pipeline;

/**
 * What a walk begins with where it does not begin with noise alone (SDEdit, Meng et al. 2022,
 * arXiv:2108.01073).
 *
 * @param values the clean sample of the segment, row-major; noise is added to it as far as the step
 *     at which the walk begins
 * @param strength the share of the walk's steps that are walked, above 0 and up to 1
 */
public record Draft(float[] values, double strength) {}
