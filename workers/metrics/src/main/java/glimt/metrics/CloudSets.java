package glimt.metrics;

import java.util.Arrays;

/**
 * Compares a set of generated clouds with a set of real ones by all pairwise distances (Achlioptas
 * et al. 2018; Yang et al. 2019, PointFlow).
 */
public final class CloudSets {
  private final double[][] realToMade;
  private final double[][] realToReal;
  private final double[][] madeToMade;

  /**
   * Computes all pairwise distances.
   *
   * @param made clouds of [n, 3] each
   * @param real clouds of [n, 3] each
   */
  public CloudSets(double[][][] made, double[][][] real, CloudDistance distance) {
    this(
        distances(real, made, distance),
        distances(real, real, distance),
        distances(made, made, distance));
  }

  /**
   * Uses known distances.
   *
   * @param realToMade a row for each real cloud and a column for each generated one
   * @param realToReal symmetric
   * @param madeToMade symmetric
   */
  public CloudSets(double[][] realToMade, double[][] realToReal, double[][] madeToMade) {
    if (realToReal.length == 0 || madeToMade.length == 0) {
      throw new IllegalArgumentException(
          "a comparison needs generated and real clouds, not %s and %s"
              .formatted(madeToMade.length, realToReal.length));
    }
    this.realToMade = realToMade;
    this.realToReal = realToReal;
    this.madeToMade = madeToMade;
  }

  private static double[][] distances(double[][][] a, double[][][] b, CloudDistance distance) {
    double[][] all = new double[a.length][b.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        all[i][j] = distance.between(a[i], b[j]);
      }
    }
    return all;
  }

  /**
   * MMD, the minimum matching distance: the mean distance of a real cloud to the nearest generated
   * one. It measures fidelity; lower is better.
   */
  public double minimumMatching() {
    return Arrays.stream(realToMade)
        .mapToDouble(row -> Arrays.stream(row).min().orElseThrow())
        .average()
        .orElseThrow();
  }

  /** The mean distance of a generated cloud to the nearest real one. */
  public double minimumMatchingOfMade() {
    double sum = 0;
    for (int made = 0; made < realToMade[0].length; made++) {
      sum += realToMade[nearestReal(made)][made];
    }
    return sum / realToMade[0].length;
  }

  /**
   * COV, the coverage: the fraction of real clouds that are nearest to some generated cloud. It
   * measures diversity; 1 is best.
   */
  public double coverage() {
    boolean[] covered = new boolean[realToMade.length];
    for (int made = 0; made < realToMade[0].length; made++) {
      covered[nearestReal(made)] = true;
    }
    int count = 0;
    for (boolean c : covered) {
      count += c ? 1 : 0;
    }
    return (double) count / covered.length;
  }

  private int nearestReal(int made) {
    int best = 0;
    for (int real = 1; real < realToMade.length; real++) {
      if (realToMade[real][made] < realToMade[best][made]) {
        best = real;
      }
    }
    return best;
  }

  /**
   * 1-NNA, the accuracy of a nearest-neighbour classifier (Lopez-Paz and Oquab 2017): the fraction
   * of clouds whose nearest neighbour among all others belongs to the same set. 0.5 means that the
   * sets are indistinguishable.
   */
  public double nearestNeighbourAccuracy() {
    int real = realToReal.length;
    int made = madeToMade.length;
    return (realAccuracy() * real + madeAccuracy() * made) / (real + made);
  }

  /** The fraction of real clouds whose nearest neighbour is real. */
  public double realAccuracy() {
    int right = 0;
    for (int i = 0; i < realToReal.length; i++) {
      double own = Double.POSITIVE_INFINITY;
      for (int j = 0; j < realToReal.length; j++) {
        own = i == j ? own : Math.min(own, realToReal[i][j]);
      }
      right += own < Arrays.stream(realToMade[i]).min().orElseThrow() ? 1 : 0;
    }
    return (double) right / realToReal.length;
  }

  /** The fraction of generated clouds whose nearest neighbour is generated. */
  public double madeAccuracy() {
    int right = 0;
    for (int i = 0; i < madeToMade.length; i++) {
      double own = Double.POSITIVE_INFINITY;
      for (int j = 0; j < madeToMade.length; j++) {
        own = i == j ? own : Math.min(own, madeToMade[i][j]);
      }
      right += own < realToMade[nearestReal(i)][i] ? 1 : 0;
    }
    return (double) right / madeToMade.length;
  }

  /**
   * JSD: the Jensen-Shannon divergence, in bits, of the distributions of the points of two sets
   * over the nearest of resolution^3 grid points of the cube [-1/2, 1/2]^3, of which only those in
   * the inscribed ball are used (Achlioptas et al. 2018).
   */
  public static double divergence(double[][][] made, double[][][] real, int resolution) {
    double[] p = occupancy(made, resolution);
    double[] q = occupancy(real, resolution);
    double[] mean = new double[p.length];
    for (int i = 0; i < p.length; i++) {
      mean[i] = (p[i] + q[i]) / 2;
    }
    return entropy(mean) - (entropy(p) + entropy(q)) / 2;
  }

  private static double[] occupancy(double[][][] clouds, int resolution) {
    double[] share = new double[resolution * resolution * resolution];
    int points = 0;
    for (double[][] cloud : clouds) {
      points += cloud.length;
    }
    for (double[][] cloud : clouds) {
      for (double[] p : cloud) {
        share[nearestCell(p, resolution)] += 1. / points;
      }
    }
    return share;
  }

  private static int nearestCell(double[] p, int resolution) {
    double best = Double.POSITIVE_INFINITY;
    int cell = 0;
    for (int i = 0; i < resolution * resolution * resolution; i++) {
      double x = place(i / (resolution * resolution), resolution);
      double y = place(i / resolution % resolution, resolution);
      double z = place(i % resolution, resolution);
      if (x * x + y * y + z * z <= 0.25 + 1e-12) {
        double square = (p[0] - x) * (p[0] - x) + (p[1] - y) * (p[1] - y) + (p[2] - z) * (p[2] - z);
        if (square < best) {
          best = square;
          cell = i;
        }
      }
    }
    return cell;
  }

  private static double place(int i, int resolution) {
    return (double) i / (resolution - 1) - 0.5;
  }

  private static double entropy(double[] shares) {
    double bits = 0;
    for (double p : shares) {
      bits -= p == 0 ? 0 : p * Math.log(p) / Math.log(2);
    }
    return bits;
  }
}
