package glimt.media;

import glimt.job.Format;
import java.util.Arrays;

/**
 * Coloured points, y up. The arrays are not copied.
 *
 * @param xyz three finite coordinates per point
 * @param rgb three sRGB bytes per point
 */
public record PointCloud(float[] xyz, byte[] rgb) {

  /** The largest number of points; its GLB file takes 400 MB. */
  public static final int MOST = 1 << 24;

  public PointCloud {
    if (xyz.length == 0 || xyz.length % 3 != 0 || xyz.length / 3 > MOST) {
      throw new IllegalArgumentException(
          "a cloud has 1 to %2$s points of 3 coordinates each, not %1$s coordinates"
              .formatted(xyz.length, MOST));
    }
    if (rgb.length != xyz.length) {
      throw new IllegalArgumentException(
          "got %s colour bytes for %s points, which need %s"
              .formatted(rgb.length, xyz.length / 3, xyz.length));
    }
    for (int i = 0; i < xyz.length; i++) {
      if (!Float.isFinite(xyz[i])) {
        throw new IllegalArgumentException(
            "point " + i / 3 + " has the coordinate " + xyz[i] + "; coordinates must be finite");
      }
    }
  }

  /**
   * Converts values of shape {@code [points, 6]}: x, y, z, then red, green and blue in [0, 1].
   * Colours outside the range are clipped.
   *
   * @throws IllegalArgumentException if a coordinate is not finite, a colour is NaN, or the number
   *     of values is not a multiple of 6
   */
  public static PointCloud ofRows(float[] rows) {
    if (rows.length % 6 != 0) {
      throw new IllegalArgumentException(
          "a coloured point has 6 values, but " + rows.length + " is not a multiple of 6");
    }
    float[] xyz = new float[rows.length / 2];
    byte[] rgb = new byte[rows.length / 2];
    for (int point = 0; point < rows.length / 6; point++) {
      for (int k = 0; k < 3; k++) {
        float colour = rows[6 * point + 3 + k];
        if (Float.isNaN(colour)) {
          throw new IllegalArgumentException("a colour of point " + point + " is NaN");
        }
        xyz[3 * point + k] = rows[6 * point + k];
        rgb[3 * point + k] = (byte) Math.round(Math.clamp(colour, 0f, 1f) * 255);
      }
    }
    return new PointCloud(xyz, rgb);
  }

  /** The number of points. */
  public int size() {
    return xyz.length / 3;
  }

  /** A subset of at most {@code most} points, evenly spaced in their order. */
  public PointCloud thinned(int most) {
    int size = size();
    if (size <= most) {
      return this;
    }
    float[] fewXyz = new float[3 * most];
    byte[] fewRgb = new byte[3 * most];
    for (int i = 0; i < most; i++) {
      int from = 3 * (int) ((long) i * size / most);
      System.arraycopy(xyz, from, fewXyz, 3 * i, 3);
      System.arraycopy(rgb, from, fewRgb, 3 * i, 3);
    }
    return new PointCloud(fewXyz, fewRgb);
  }

  /**
   * Encodes the cloud as a file. Equal clouds give equal bytes.
   *
   * @throws IllegalArgumentException if the format cannot hold points
   */
  public byte[] encoded(Format format) {
    return switch (format) {
      case GLB -> Glb.bytes(this);
      case PLY -> Ply.bytes(this);
      case PNG, JPEG, WEBP, MP4, WEBM, GIF, APNG ->
          throw new IllegalArgumentException(
              "points cannot be written as " + format + "; use GLB or PLY");
    };
  }

  /** The smallest value of each coordinate. */
  float[] lowest() {
    float[] lowest = Arrays.copyOf(xyz, 3);
    for (int i = 3; i < xyz.length; i++) {
      lowest[i % 3] = Math.min(lowest[i % 3], xyz[i]);
    }
    return lowest;
  }

  /** The largest value of each coordinate. */
  float[] highest() {
    float[] highest = Arrays.copyOf(xyz, 3);
    for (int i = 3; i < xyz.length; i++) {
      highest[i % 3] = Math.max(highest[i % 3], xyz[i]);
    }
    return highest;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PointCloud(float[] points, byte[] colours)
        && Arrays.equals(points, xyz)
        && Arrays.equals(colours, rgb);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(xyz) + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "PointCloud[" + size() + "]";
  }
}
