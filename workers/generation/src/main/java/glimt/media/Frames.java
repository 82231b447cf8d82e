package glimt.media;

import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * A video in memory: {@code count} frames of {@code height * width} sRGB pixels, three bytes each,
 * frame by frame and row by row. The array is not copied.
 *
 * @param fps frames per second, 0.1 to 240
 */
public record Frames(int count, int height, int width, double fps, byte[] rgb) {

  public Frames {
    if (count < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "a video needs at least one frame of 1x1 pixels, not %s frames of %sx%s"
              .formatted(count, width, height));
    }
    if (!(fps >= 0.1 && fps <= 240)) {
      throw new IllegalArgumentException(
          "the frame rate must be 0.1 to 240 per second, not " + fps);
    }
    long bytes = bytes(count, height, width);
    if (rgb.length != bytes) {
      throw new IllegalArgumentException(
          "got %s bytes for %s frames of %sx%s pixels, which need %s"
              .formatted(rgb.length, count, width, height, bytes));
    }
  }

  /**
   * Converts a sample of shape {@code [count, 3, height, width]} with values in [-1, 1], the layout
   * of the networks. Values outside the range are clipped.
   *
   * @throws IllegalArgumentException if a value is NaN, which means that the sample is broken, or
   *     the number of values does not match the shape
   */
  public static Frames ofSample(float[] sample, int count, int height, int width, double fps) {
    return ofSample(FloatBuffer.wrap(sample), count, height, width, fps);
  }

  /**
   * As {@link #ofSample(float[], int, int, int, double)}, of a sample that may be a mapped file.
   */
  public static Frames ofSample(FloatBuffer sample, int count, int height, int width, double fps) {
    long bytes = bytes(count, height, width);
    if (sample.capacity() != bytes) {
      throw new IllegalArgumentException(
          "got %s values for %s frames of %sx%s pixels, which need %s"
              .formatted(sample.capacity(), count, width, height, bytes));
    }
    byte[] rgb = new byte[sample.capacity()];
    int plane = height * width;
    for (int at = 0; at < rgb.length; at++) {
      float value = sample.get(at);
      if (Float.isNaN(value)) {
        throw new IllegalArgumentException("value " + at + " of the sample is NaN");
      }
      int pixel = at % plane;
      int channel = at / plane % 3;
      int frame = at / plane / 3;
      rgb[3 * (frame * plane + pixel) + channel] =
          (byte) Math.round(Math.clamp((value + 1) * 127.5f, 0f, 255f));
    }
    return new Frames(count, height, width, fps, rgb);
  }

  /**
   * The values in [-1, 1] of as many frames, [frames, 3, height, width]: the last frame stays where
   * there are fewer.
   */
  public float[] sample(int frames) {
    int plane = height * width;
    float[] values = new float[Math.multiplyExact(frames, 3 * plane)];
    for (int at = 0; at < values.length; at++) {
      int frame = Math.min(at / plane / 3, count - 1);
      int value = rgb[3 * (frame * plane + at % plane) + at / plane % 3] & 255;
      values[at] = value / 127.5f - 1;
    }
    return values;
  }

  /** A copy of one frame. */
  public Picture picture(int frame) {
    int size = 3 * height * width;
    return new Picture(width, height, Arrays.copyOfRange(rgb, frame * size, (frame + 1) * size));
  }

  /** Repeats every pixel {@code factor} times in both directions. */
  public Frames enlarged(int factor) {
    if (factor == 1) {
      return this;
    }
    int newHeight = height * factor;
    int newWidth = width * factor;
    byte[] out = new byte[(int) bytes(count, newHeight, newWidth)];
    int row = 3 * newWidth;
    int at = 0;
    for (int frame = 0; frame < count; frame++) {
      for (int y = 0; y < newHeight; y++, at += row) {
        if (y % factor != 0) {
          System.arraycopy(out, at - row, out, at, row);
          continue;
        }
        int from = 3 * (frame * height + y / factor) * width;
        for (int x = 0; x < newWidth; x++) {
          System.arraycopy(rgb, from + 3 * (x / factor), out, at + 3 * x, 3);
        }
      }
    }
    return new Frames(count, newHeight, newWidth, fps, out);
  }

  private static long bytes(long count, long height, long width) {
    if (count < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "a video needs at least one frame of 1x1 pixels, not %s frames of %sx%s"
              .formatted(count, width, height));
    }
    double bytes = 3.0 * count * height * width;
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "%s frames of %sx%s pixels exceed the 2 GB limit of one array; make fewer or smaller frames"
              .formatted(count, width, height));
    }
    return (long) bytes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Frames(int n, int h, int w, double rate, byte[] pixels)
        && n == count
        && h == height
        && w == width
        && Double.compare(rate, fps) == 0
        && Arrays.equals(pixels, rgb);
  }

  @Override
  public int hashCode() {
    return 31 * count + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "Frames[%s of %sx%s, %s a second]".formatted(count, width, height, fps);
  }
}
