package glimt.media;

import java.util.Arrays;

/**
 * Draws a point cloud without a graphics card: every point becomes a small ball in a depth buffer,
 * and pixels at depth edges are darkened to show the shape (eye-dome lighting: Boucheny, 2009).
 */
public final class CloudPicture {

  private static final int OVERSAMPLING = 3;
  private static final int PAPER = 0xF7F7F7;
  private static final float NOTHING = Float.NEGATIVE_INFINITY;

  /**
   * The radius of a ball as a fraction of the cloud's radius, for 1,024 points; it is inversely
   * proportional to the square root of the number of points.
   */
  private static final double BALL = 0.062;

  private static final double DARKENING = 0.35;

  private CloudPicture() {}

  /**
   * Draws the cloud in parallel projection, y up, filling most of a square.
   *
   * @param side the picture's width and height in pixels
   * @param azimuth the direction of view in degrees around the y axis; 0 looks along -z
   * @param elevation the height of the viewer above the horizon in degrees
   * @throws IllegalArgumentException if {@code side} is not between 1 and 8192
   */
  public static Picture of(PointCloud cloud, int side, double azimuth, double elevation) {
    if (side < 1 || side > 8192) {
      throw new IllegalArgumentException(
          "the side of a picture must be 1 to 8192 pixels, not " + side);
    }
    int fine = side * OVERSAMPLING;
    float[] seen = turned(cloud, Math.toRadians(azimuth), Math.toRadians(elevation));
    double radius = BALL * Math.sqrt(1024.0 / cloud.size());
    double scale = fine / (2.04 * (1 + radius));
    float[] depth = new float[fine * fine];
    Arrays.fill(depth, NOTHING);
    byte[] rgb = Picture.plain(fine, fine, PAPER).rgb();
    int reach = Math.max(1, (int) Math.round(radius * scale));
    for (int i = 0; i < seen.length; i += 3) {
      int left = (int) Math.round(fine / 2.0 + seen[i] * scale) - reach;
      int top = (int) Math.round(fine / 2.0 - seen[i + 1] * scale) - reach;
      for (int dy = 0; dy <= 2 * reach; dy++) {
        for (int dx = 0; dx <= 2 * reach; dx++) {
          int bulge = reach * reach - (dx - reach) * (dx - reach) - (dy - reach) * (dy - reach);
          int x = left + dx;
          int y = top + dy;
          if (bulge < 0 || x < 0 || y < 0 || x >= fine || y >= fine) {
            continue;
          }
          float near =
              (float) (seen[i + 2] * scale / reach + 0.5 * Math.sqrt(bulge) / reach); // in radii
          int at = y * fine + x;
          if (near > depth[at]) {
            depth[at] = near;
            System.arraycopy(cloud.rgb(), i, rgb, 3 * at, 3);
          }
        }
      }
    }
    darkenEdges(rgb, depth, fine, reach);
    return new Picture(fine, fine, rgb).scaled(side, side);
  }

  /**
   * The coordinates of every point along the axes right, up and towards the viewer, in units of the
   * largest distance of a point from the centre.
   */
  private static float[] turned(PointCloud cloud, double azimuth, double elevation) {
    float[] lowest = cloud.lowest();
    float[] highest = cloud.highest();
    double[] middle = new double[3];
    for (int k = 0; k < 3; k++) {
      middle[k] = (lowest[k] + (double) highest[k]) / 2;
    }
    float[] xyz = cloud.xyz();
    double farthest = Float.MIN_NORMAL;
    for (int i = 0; i < xyz.length; i += 3) {
      double x = xyz[i] - middle[0];
      double y = xyz[i + 1] - middle[1];
      double z = xyz[i + 2] - middle[2];
      farthest = Math.max(farthest, Math.sqrt(x * x + y * y + z * z));
    }
    float[] seen = new float[xyz.length];
    for (int i = 0; i < xyz.length; i += 3) {
      double x = (xyz[i] - middle[0]) / farthest;
      double y = (xyz[i + 1] - middle[1]) / farthest;
      double z = (xyz[i + 2] - middle[2]) / farthest;
      double towards = x * Math.sin(azimuth) + z * Math.cos(azimuth);
      seen[i] = (float) (x * Math.cos(azimuth) - z * Math.sin(azimuth));
      seen[i + 1] = (float) (y * Math.cos(elevation) - towards * Math.sin(elevation));
      seen[i + 2] = (float) (y * Math.sin(elevation) + towards * Math.cos(elevation));
    }
    return seen;
  }

  /** Darkens each pixel by how much nearer to the viewer its neighbours are. */
  private static void darkenEdges(byte[] rgb, float[] depth, int side, int reach) {
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int at = y * side + x;
        if (depth[at] == NOTHING) {
          continue;
        }
        double hidden = 0;
        for (int dy = -reach; dy <= reach; dy += reach) {
          for (int dx = -reach; dx <= reach; dx += reach) {
            int u = Math.clamp(x + dx, 0, side - 1);
            int v = Math.clamp(y + dy, 0, side - 1);
            hidden += Math.clamp(depth[v * side + u] - depth[at], 0, 3);
          }
        }
        double light = Math.exp(-DARKENING * hidden / 8);
        for (int k = 3 * at; k < 3 * at + 3; k++) {
          rgb[k] = (byte) Math.round((rgb[k] & 0xff) * light);
        }
      }
    }
  }
}
