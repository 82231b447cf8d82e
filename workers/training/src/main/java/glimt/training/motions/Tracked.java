package glimt.training.motions;

import glimt.metrics.Clips;

/**
 * Where the subject of a clip is seen in each frame, from pixels alone: whatever differs from the
 * one colour of the background is the subject.
 *
 * @param ground the colour of the background, 3 values from -1 to 1
 * @param x the middle of the subject's area in each frame, in halves of the side from the middle
 * @param y the same downwards
 * @param size the square root of the area of each frame, in sides
 * @param turns the clockwise rotation against the first frame
 */
record Tracked(float[] ground, double[] x, double[] y, double[] size, double[] turns) {
  /** Differences from the background below which a pixel is not the subject's, and above is. */
  private static final double LOW = 0.08;

  private static final double HIGH = 0.2;

  private static final int ANGLES = 120;
  private static final int RINGS = 12;

  /** The outermost ring, of the square root of the area. */
  private static final double REACH = 0.75;

  /** The largest rotation from one frame to the next, in steps of 3 degrees. */
  private static final int STEPS = 10;

  /** Follows the subject of a clip [frames, 3, side, side] from -1 to 1. */
  static Tracked of(float[] clip, int side) {
    int frame = 3 * side * side;
    int frames = clip.length / frame;
    float[] ground = Clips.border(clip, side);
    double[] x = new double[frames];
    double[] y = new double[frames];
    double[] size = new double[frames];
    double[] turns = new double[frames];
    double[] first = new double[0];
    int turned = 0;
    for (int i = 0; i < frames; i++) {
      double mass = 0;
      double across = 0;
      double down = 0;
      for (int p = 0; p < side * side; p++) {
        double weight = weight(clip, i * frame, p, side, ground);
        mass += weight;
        across += weight * (p % side + 0.5);
        int row = p / side;
        down += weight * (row + 0.5);
      }
      mass = Math.max(mass, 1);
      x[i] = 2 * across / mass / side - 1;
      y[i] = 2 * down / mass / side - 1;
      size[i] = Math.sqrt(mass) / side;
      double[] rings =
          rings(clip, i * frame, side, ground, across / mass, down / mass, Math.sqrt(mass));
      if (i == 0) {
        first = rings;
      } else {
        turned = turned(first, rings, turned);
      }
      turns[i] = (double) turned / ANGLES;
    }
    return new Tracked(ground, x, y, size, turns);
  }

  /** How far a pixel is the subject's, from 0 to 1. */
  static double weight(float[] clip, int at, int pixel, int side, float[] ground) {
    double most = 0;
    for (int c = 0; c < 3; c++) {
      most = Math.max(most, Math.abs(clip[at + c * side * side + pixel] - ground[c]));
    }
    return Math.clamp((most - LOW) / (HIGH - LOW), 0, 1);
  }

  /** The subject's colours on rings around its middle, [rings, angles, 3]. */
  private static double[] rings(
      float[] clip, int at, int side, float[] ground, double x, double y, double size) {
    double[] rings = new double[RINGS * ANGLES * 3];
    for (int ring = 0; ring < RINGS; ring++) {
      double radius = size * REACH * (ring + 1) / RINGS;
      for (int angle = 0; angle < ANGLES; angle++) {
        double turn = 2 * Math.PI * angle / ANGLES;
        int u = (int) Math.floor(x + radius * Math.cos(turn));
        int v = (int) Math.floor(y + radius * Math.sin(turn));
        if (u >= 0 && v >= 0 && u < side && v < side) {
          for (int c = 0; c < 3; c++) {
            rings[(ring * ANGLES + angle) * 3 + c] =
                radius * (clip[at + (c * side + v) * side + u] - ground[c]);
          }
        }
      }
    }
    return rings;
  }

  /** The rotation, near the last one, by which the first frame's rings fit best. */
  private static int turned(double[] first, double[] rings, int last) {
    int best = last;
    double least = Double.MAX_VALUE;
    for (int turn = last - STEPS; turn <= last + STEPS; turn++) {
      double apart = 1e-3 * Math.abs(turn - last);
      for (int ring = 0; ring < RINGS; ring++) {
        for (int angle = 0; angle < ANGLES; angle++) {
          int from = (ring * ANGLES + Math.floorMod(angle - turn, ANGLES)) * 3;
          int to = (ring * ANGLES + angle) * 3;
          for (int c = 0; c < 3; c++) {
            apart += Math.abs(rings[to + c] - first[from + c]);
          }
        }
      }
      if (apart < least) {
        least = apart;
        best = turn;
      }
    }
    return best;
  }

  /** As a journey, of which a size of 1 has no meaning. */
  Journey journey() {
    return new Journey(x, y, size, turns);
  }
}
