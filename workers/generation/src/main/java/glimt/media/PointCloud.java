package glimt.media;

import glimt.job.Format;
import java.util.Arrays;

/**
 * Coloured points, y up. The arrays are not copied.
 *
 * @param xyz three coordinates a point, all finite
 * @param rgb three sRGB bytes a point
 */
public record PointCloud(float[] xyz, byte[] rgb) {

  /** As many as a file of ours holds; the largest takes 400 MB. */
  public static final int MOST = 1 << 24;

  public PointCloud {
    if (xyz.length == 0 || xyz.length % 3 != 0 || xyz.length / 3 > MOST) {
      throw new IllegalArgumentException(
          "%s coordinates; a point has 3 and a cloud 1 to %s points".formatted(xyz.length, MOST));
    }
    if (rgb.length != xyz.length) {
      throw new IllegalArgumentException(
          "%s colour bytes for %s points, which need %s"
              .formatted(rgb.length, xyz.length / 3, xyz.length));
    }
    for (int i = 0; i < xyz.length; i++) {
      if (!Float.isFinite(xyz[i])) {
        throw new IllegalArgumentException("point " + i / 3 + " has the coordinate " + xyz[i]);
      }
    }
  }

  /** A cloud of {@code [points, 6]} values: xyz, then red, green and blue in [0, 1], clipped. */
  public static PointCloud ofRows(float[] rows) {
    if (rows.length % 6 != 0) {
      throw new IllegalArgumentException(rows.length + " values; a coloured point has 6");
    }
    float[] xyz = new float[rows.length / 2];
    byte[] rgb = new byte[rows.length / 2];
    for (int point = 0; point < rows.length / 6; point++) {
      for (int k = 0; k < 3; k++) {
        float colour = rows[6 * point + 3 + k];
        if (Float.isNaN(colour)) {
          throw new IllegalArgumentException("a colour of point " + point + " is not a number");
        }
        xyz[3 * point + k] = rows[6 * point + k];
        rgb[3 * point + k] = (byte) Math.round(Math.clamp(colour, 0f, 1f) * 255);
      }
    }
    return new PointCloud(xyz, rgb);
  }

  /** How many points. */
  public int size() {
    return xyz.length / 3;
  }

  /** At most {@code most} of the points, evenly spread over their order. */
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
   * The cloud as a file. The same cloud always becomes the same bytes.
   *
   * @throws IllegalArgumentException if the format is none of points
   */
  public byte[] encoded(Format format) {
    return switch (format) {
      case GLB -> Glb.bytes(this);
      case PLY -> Ply.bytes(this);
      case PNG, JPEG, WEBP, MP4, WEBM, GIF, APNG ->
          throw new IllegalArgumentException("points cannot be written as " + format);
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
