package glimt.training.motions;

import glimt.training.words.CaptionGrammar.Movement;
import glimt.training.words.CaptionGrammar.Swing;
import java.util.random.RandomGenerator;

/**
 * Where the subject is in each frame of a clip, how large, and how far it is turned.
 *
 * @param x where its middle is, in halves of the picture's side to the right of the middle
 * @param y the same downwards
 * @param size the factor of its extent in the picture
 * @param turns the clockwise rotation
 */
record Journey(double[] x, double[] y, double[] size, double[] turns) {
  /** The number of frames of a clip. */
  static final int FRAMES = 24;

  /** The number of values of a frame. */
  static final int VALUES = 4;

  /** How far a subject may be from the middle across its way. */
  private static final double ASIDE = 0.1;

  /** How far below its middle a subject that leans is fixed, of half its extent. */
  private static final double FOOT = 0.6;

  /** Draws a journey of a motion: its size, the length of its way, and how evenly it moves. */
  static Journey drawn(Movement motion, RandomGenerator random) {
    double[] x = new double[FRAMES];
    double[] y = new double[FRAMES];
    double[] size = new double[FRAMES];
    double[] turns = new double[FRAMES];
    Swing swing = motion.swing();
    boolean travels = motion.x() != 0 || motion.y() != 0;
    double up = swing == null ? 0 : swing.up();
    boolean hops = up > 0;
    double usual = travels || hops ? random.nextDouble(0.6, 0.75) : random.nextDouble(0.8, 0.95);
    double way = random.nextDouble(0.36, 0.46);
    double begin =
        travels || hops ? random.nextDouble(-ASIDE, ASIDE) : random.nextDouble(-0.04, 0.04);
    double floor = up / 2;
    double even = random.nextDouble(); // 1 is at one speed, 0 slow at both ends
    double side = random.nextBoolean() ? 1 : -1;
    for (int frame = 0; frame < FRAMES; frame++) {
      double time = frame / (FRAMES - 1.0);
      double done = even * time + (1 - even) * time * time * (3 - 2 * time);
      double along = way * (2 * done - 1);
      size[frame] = usual * (motion.from() + (motion.to() - motion.from()) * done);
      turns[frame] = motion.turns() * time;
      x[frame] = motion.x() * along + (motion.x() == 0 ? begin : 0);
      y[frame] = motion.y() * along + (motion.x() == 0 ? 0 : begin) + floor;
      if (swing != null) {
        double phase = Math.sin(2 * Math.PI * swing.times() * time);
        double lean = side * swing.turns() * phase;
        turns[frame] += lean;
        // It leans about its foot, so its middle moves too.
        x[frame] += side * swing.across() * phase + FOOT * usual * Math.sin(2 * Math.PI * lean);
        y[frame] -= up * Math.abs(Math.sin(Math.PI * swing.times() * time));
        y[frame] += FOOT * usual * (1 - Math.cos(2 * Math.PI * lean));
      }
    }
    return new Journey(x, y, size, turns);
  }

  /** The frames' numbers, [frames, 4]: x, y, size cos(angle), size sin(angle). */
  float[] values() {
    float[] values = new float[FRAMES * VALUES];
    for (int frame = 0; frame < FRAMES; frame++) {
      double angle = 2 * Math.PI * turns[frame];
      values[frame * VALUES] = (float) x[frame];
      values[frame * VALUES + 1] = (float) y[frame];
      values[frame * VALUES + 2] = (float) (size[frame] * Math.cos(angle));
      values[frame * VALUES + 3] = (float) (size[frame] * Math.sin(angle));
    }
    return values;
  }
}
