package glimt.pipeline;

import glimt.diffusion.Region;

/**
 * The part of the level below that conditions a segment.
 *
 * @param seen the values for the network's port {@code below}, row-major
 * @param shape the shape of {@code seen}, without a batch axis
 * @param ground the values to which the network's residual is added, of the segment's shape; or
 *     those that the sample begins with
 * @param noise the region of the conditioning noise that is added to {@code seen}
 */
public record Below(float[] seen, long[] shape, float[] ground, Region noise) {}
