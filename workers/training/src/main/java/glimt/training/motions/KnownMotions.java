package glimt.training.motions;

import glimt.training.words.CaptionGrammar.Movement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Names the motion of a journey: that of the nearest of many drawn journeys of every motion. Places
 * count from their mean, sizes by their ratio to the mean, and turns from their mean.
 *
 * @param known the drawn journeys of each motion, as they are compared
 */
record KnownMotions(List<List<double[]>> known) {
  private static final int EACH = 64;
  private static final long SEED = 6;

  /** What a doubled size, and a whole turn, count against a way of half the picture's side. */
  private static final double SIZES = 0.5;

  private static final double TURNS = 1.5;

  static KnownMotions of(List<Movement> motions) {
    SplittableRandom random = new SplittableRandom(SEED);
    List<List<double[]>> known = new ArrayList<>();
    for (Movement motion : motions) {
      List<double[]> some = new ArrayList<>();
      for (int i = 0; i < EACH; i++) {
        some.add(compared(Journey.drawn(motion, random)));
      }
      known.add(some);
    }
    return new KnownMotions(known);
  }

  /** The index of the motion. */
  int of(Journey journey) {
    double[] seen = compared(journey);
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int motion = 0; motion < known.size(); motion++) {
      for (double[] one : known.get(motion)) {
        double apart = 0;
        for (int i = 0; i < seen.length; i++) {
          apart += (seen[i] - one[i]) * (seen[i] - one[i]);
        }
        if (apart < least) {
          least = apart;
          best = motion;
        }
      }
    }
    return best;
  }

  private static double[] compared(Journey journey) {
    int frames = journey.x().length;
    double[] out = new double[4 * frames];
    double[] logs = Arrays.stream(journey.size()).map(Math::log).toArray();
    write(journey.x(), 1, out, 0);
    write(journey.y(), 1, out, frames);
    write(logs, SIZES, out, 2 * frames);
    write(journey.turns(), TURNS, out, 3 * frames);
    return out;
  }

  private static void write(double[] values, double by, double[] out, int at) {
    double mean = Arrays.stream(values).average().orElse(0);
    for (int i = 0; i < values.length; i++) {
      out[at + i] = by * (values[i] - mean);
    }
  }
}
