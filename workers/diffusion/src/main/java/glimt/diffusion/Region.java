package glimt.diffusion;

import ai.djl.ndarray.types.Shape;

/**
 * A part of a whole sample, by its absolute position in it. Noise is a function of this position
 * and never of an offset into a tile, so overlapping parts see the same noise where they overlap.
 */
public sealed interface Region {

  /** The shape of an array that covers this region, without a batch axis. */
  Shape shape();

  /**
   * A window of frames and a tile of pixels, laid out [frames, channels, height, width].
   *
   * @param frame absolute index of the first frame
   * @param y absolute row of the first pixel, below 65,536 with {@code height}
   * @param x absolute column of the first pixel, below 65,536 with {@code width}
   */
  record FrameWindow(int frame, int frames, int channels, int y, int height, int x, int width)
      implements Region {

    public FrameWindow {
      if (frame < 0 || frames < 1 || channels < 1 || channels > 4 << 16) {
        throw new IllegalArgumentException(
            "a region needs frames and channels, not frame %s, %s frames, %s channels"
                .formatted(frame, frames, channels));
      }
      if (y < 0
          || x < 0
          || height < 1
          || width < 1
          || y + height > 1 << 16
          || x + width > 1 << 16) {
        throw new IllegalArgumentException(
            "a region lies within 65536 x 65536 pixels, not %s+%s, %s+%s"
                .formatted(y, height, x, width));
      }
    }

    /** A whole clip or image from its first pixel of its first frame. */
    public static FrameWindow whole(int frames, int channels, int height, int width) {
      return new FrameWindow(0, frames, channels, 0, height, 0, width);
    }

    @Override
    public Shape shape() {
      return new Shape(frames, channels, height, width);
    }
  }

  /**
   * Points in a row of the cloud's own order, laid out [points, channels].
   *
   * @param point absolute index of the first point
   */
  record PointRange(int point, int points, int channels) implements Region {

    public PointRange {
      if (point < 0 || points < 1 || channels < 1 || channels > 4 << 16) {
        throw new IllegalArgumentException(
            "a region needs points and channels, not point %s, %s points, %s channels"
                .formatted(point, points, channels));
      }
    }

    @Override
    public Shape shape() {
      return new Shape(points, channels);
    }
  }
}
