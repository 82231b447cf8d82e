package glimt.worker;

import ai.djl.ndarray.types.Shape;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import glimt.pipeline.LatentDecoder;

/**
 * The noise of one decoded piece, by seed and place: what is mixed into the latent is draw 0 of
 * step 0, and what the decoder's part number p draws for itself is draw 0 of step p + 1, with a
 * plane for a channel.
 *
 * @param level the index of the level in the cascade
 * @param region of the latent
 */
record DecoderNoise(Noise noise, int level, Region region) implements LatentDecoder.Normals {
  @Override
  public float[] drawn() {
    return noise.normals(level, Noise.Purpose.DECODE, 0, 0, region);
  }

  @Override
  public float[] planes(int part, Shape shape) {
    if (!(region instanceof Region.FrameWindow window)) {
      throw new IllegalArgumentException("a decoder of points draws no planes");
    }
    int count = Math.toIntExact(shape.get(0));
    int height = Math.toIntExact(shape.get(1));
    int width = Math.toIntExact(shape.get(2));
    int factor = height / window.height();
    Region plane =
        new Region.FrameWindow(
            0, 1, count, window.y() * factor, height, window.x() * factor, width);
    return noise.normals(level, Noise.Purpose.DECODE, part + 1, 0, plane);
  }
}
