package glimt.pipeline;

import glimt.diffusion.Region;

/**
 * What a segment takes over from the level below.
 *
 * @param seen what the network is shown
 * @param shape of {@code seen}, without a batch axis
 * @param ground what the network's residual is added to, of the segment's shape
 * @param noise where {@code seen} lies in the noise that is added to it
 */
public record Below(float[] seen, long[] shape, float[] ground, Region noise) {}
