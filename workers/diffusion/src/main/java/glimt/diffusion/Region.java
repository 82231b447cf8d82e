package glimt.diffusion;

import ai.djl.ndarray.types.Shape;

/**
 * A part of a sample, identified by its absolute position. Noise is a function of the absolute
 * position and not of the offset within a tile, so overlapping parts receive the same noise where
 * they overlap.
 */
public sealed interface Region {

  /** The shape of an array that covers this region, without a batch axis. */
  Shape shape();

  /**
   * A window of frames and a tile of pixels, of shape [frames, channels, height, width].
   *
   * @param frame the absolute index of the first frame
   * @param y the absolute row of the first pixel; {@code y + height} is at most 65,536
   * @param x the absolute column of the first pixel; {@code x + width} is at most 65,536
   */
  record FrameWindow(int frame, int frames, int channels, int y, int height, int x, int width)
      implements Region {

    public FrameWindow {
      if (frame < 0 || frames < 1 || channels < 1 || channels > 4 << 16) {
        throw new IllegalArgumentException(
            "a region needs a frame index of at least 0, frames, and 1 to 262144 channels, not frame %s, %s frames, %s channels"
                .formatted(frame, frames, channels));
      }
      if (y < 0
          || x < 0
          || height < 1
          || width < 1
          || y + height > 1 << 16
          || x + width > 1 << 16) {
        throw new IllegalArgumentException(
            "a region must be within 65536 x 65536 pixels, not rows %s+%s, columns %s+%s"
                .formatted(y, height, x, width));
      }
    }

    /** The region of a whole clip or image. */
    public static FrameWindow whole(int frames, int channels, int height, int width) {
      return new FrameWindow(0, frames, channels, 0, height, 0, width);
    }

    @Override
    public Shape shape() {
      return new Shape(frames, channels, height, width);
    }
  }

  /**
   * Consecutive points in the order of the cloud, of shape [points, channels].
   *
   * @param point the absolute index of the first point
   */
  record PointRange(int point, int points, int channels) implements Region {

    public PointRange {
      if (point < 0 || points < 1 || channels < 1 || channels > 4 << 16) {
        throw new IllegalArgumentException(
            "a region needs a point index of at least 0, points, and 1 to 262144 channels, not point %s, %s points, %s channels"
                .formatted(point, points, channels));
      }
    }

    @Override
    public Shape shape() {
      return new Shape(points, channels);
    }
  }
}
