package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * UniPC, a unified predictor-corrector (Zhao et al. 2023). The corrector reuses the network output
 * at the predicted sample, so a step costs one network call:
 *
 * <pre>
 *   (x^c', x') from D(x'; sigma'):  correct the sample just reached, then predict the next from there
 * </pre>
 */
public final class UniPc {
  private UniPc() {}

  /** The function B(h) of Zhao et al. 2023, section 3.2, with h negative for data prediction. */
  public enum B {
    /** B_1(h) = h. */
    BH1 {
      @Override
      double of(double h) {
        return h;
      }
    },
    /** B_2(h) = exp(h) - 1. */
    BH2 {
      @Override
      double of(double h) {
        return Math.expm1(h);
      }
    };

    abstract double of(double h);
  }

  /** The quantity that the polynomial interpolates. */
  public enum Interpolated {
    /** D. */
    DATA {
      @Override
      NDArray of(Estimate estimate) {
        return estimate.denoised();
      }

      @Override
      double sign() {
        return -1;
      }
    },
    /** The noise. */
    NOISE {
      @Override
      NDArray of(Estimate estimate) {
        return estimate.slope();
      }

      @Override
      double sign() {
        return 1;
      }
    };

    abstract NDArray of(Estimate estimate);

    /** The sign of h in exp(h). */
    abstract double sign();

    /** A first-order step of x with the prediction or the noise of another sample. */
    NDArray straight(NDArray x, Estimate answer, double to) {
      return this == DATA
          ? new Estimate(answer.sigma(), x, answer.denoised()).line(to)
          : x.add(answer.slope().mul(to - answer.sigma()));
    }

    /** The factor of differences: 1 for data, sigma' for noise. */
    double scale(double to) {
      return this == DATA ? 1 : to;
    }
  }

  private static final String CORRECTED = "corrected";

  /**
   * UniPC of data prediction, every step corrected.
   *
   * @param order 1 to 4
   * @param tail the number of final steps over which the order falls to 1: 0, or {@code order}
   */
  public static Sampler of(int order, int tail, B b) {
    return of(Interpolated.DATA, order, tail, b, Set.of());
  }

  /**
   * UniPC in any form.
   *
   * @param of the quantity that is expanded
   * @param order 1 to 4
   * @param tail the number of final steps over which the order falls to 1: 0, or {@code order}
   * @param uncorrected the steps whose samples are not corrected, each identified by the number of
   *     steps that follow it, because a walk may start late
   */
  public static Sampler of(Interpolated of, int order, int tail, B b, Set<Integer> uncorrected) {
    if (order < 1 || order > 4) {
      throw new IllegalArgumentException("UniPC needs an order of 1 to 4, not " + order);
    }
    String plain = "uni_pc(order=%s, tail=%s, %s".formatted(order, tail, b);
    String noise = of == Interpolated.DATA ? "" : ", noise";
    String off = uncorrected.isEmpty() ? "" : ", uncorrected=" + new TreeSet<>(uncorrected);
    return new Sampler(
        plain + noise + off + ")", order, at -> step(at, of, order, tail, b, uncorrected));
  }

  private static Move step(
      Step at, Interpolated of, int order, int tail, B b, Set<Integer> uncorrected) {
    Estimate now = at.now();
    NDArray x = at.x();
    int before = at.remaining() + 1;
    if (!at.past().isEmpty() && !uncorrected.contains(before)) {
      int reached = order(at.index() - 1, before, order, tail, at.sigma());
      x = correct(at, now, of, reached, b);
    }
    int ahead = at.stays() ? 1 : order(at.index(), at.remaining(), order, tail, at.next());
    NDArray predicted = predict(x, now, of, at.past(), at.next(), ahead, b);
    return at.to(predicted, now, Memory.of(CORRECTED, x));
  }

  private static int order(int index, int remaining, int order, int tail, double next) {
    int falling = next == 0 ? 1 : remaining < tail ? remaining + 1 : order;
    return Math.min(falling, Math.min(order, index + 1));
  }

  /**
   * UniP, Zhao et al. 2023, Algorithm 2, with D_m = m(past m) - m, where m is the expanded
   * quantity:
   *
   * <pre>
   *   x' = (sigma'/sigma) x - (exp(-h) - 1) m - B(-h) sum_m rho_m D_m / r_m               data
   *   x' = x - sigma' (exp(h) - 1) m - sigma' B(h) sum_m rho_m D_m / r_m                  noise
   * </pre>
   */
  private static NDArray predict(
      NDArray x, Estimate now, Interpolated of, List<Estimate> past, double next, int order, B b) {
    NDArray straight = of.straight(x, now, next);
    if (order == 1) {
      return straight;
    }
    double h = Math.log(now.sigma() / next);
    NDArray here = of.of(now);
    double[] r = new double[order - 1];
    List<NDArray> differences = new ArrayList<>();
    for (int m = 0; m < r.length; m++) {
      r[m] = Math.log(now.sigma() / past.get(m).sigma()) / h;
      differences.add(of.of(past.get(m)).sub(here).div(r[m]));
    }
    double k = of.sign() * h;
    double[] rho = order == 2 ? new double[] {0.5} : weights(r, k, b);
    return straight.sub(combine(differences, rho).mul(of.scale(next) * b.of(k)));
  }

  /**
   * UniC, Zhao et al. 2023, Algorithm 1: repeats the step that led to this sample, with the
   * prediction at this sample as an additional difference at r = 1.
   */
  private static NDArray correct(Step at, Estimate now, Interpolated of, int order, B b) {
    Estimate before = at.past().getFirst();
    NDArray last = at.memory().arrays().get(CORRECTED);
    if (last == null) {
      throw new IllegalArgumentException(
          "the checkpoint lacks the corrected sample of the previous step, which UniPC needs");
    }
    double h = Math.log(before.sigma() / now.sigma());
    NDArray there = of.of(before);
    double[] r = new double[order];
    List<NDArray> differences = new ArrayList<>();
    for (int m = 0; m + 1 < order; m++) {
      Estimate older = at.past().get(m + 1);
      r[m] = Math.log(before.sigma() / older.sigma()) / h;
      differences.add(of.of(older).sub(there).div(r[m]));
    }
    r[order - 1] = 1;
    differences.add(of.of(now).sub(there));
    double k = of.sign() * h;
    double[] rho = order == 1 ? new double[] {0.5} : weights(r, k, b);
    NDArray straight = of.straight(last, before, now.sigma());
    return straight.sub(combine(differences, rho).mul(of.scale(now.sigma()) * b.of(k)));
  }

  private static NDArray combine(List<NDArray> arrays, double[] weights) {
    NDArray sum = arrays.getFirst().mul(weights[0]);
    for (int m = 1; m < weights.length; m++) {
      sum = sum.add(arrays.get(m).mul(weights[m]));
    }
    return sum;
  }

  /**
   * The weights that meet the order conditions, Zhao et al. 2023, eq. 9: R rho = b with R_im =
   * r_m^i and b_i = (i + 1)! phi_{i+2}(k) / B(k), i from 0; k is -h for data and h for noise.
   */
  private static double[] weights(double[] r, double k, B b) {
    int n = r.length;
    double[][] system = new double[n][n + 1];
    double phi = Math.expm1(k) / k - 1;
    double factorial = 1;
    for (int i = 0; i < n; i++) {
      for (int m = 0; m < n; m++) {
        system[i][m] = Math.pow(r[m], i);
      }
      system[i][n] = phi * factorial / b.of(k);
      factorial *= i + 2;
      phi = phi / k - 1 / factorial;
    }
    return solve(system);
  }

  /** Gaussian elimination with pivoting; the last column is the right-hand side. */
  static double[] solve(double[][] a) {
    int n = a.length;
    for (int c = 0; c < n; c++) {
      int pivot = c;
      for (int row = c + 1; row < n; row++) {
        if (Math.abs(a[row][c]) > Math.abs(a[pivot][c])) {
          pivot = row;
        }
      }
      double[] swapped = a[c];
      a[c] = a[pivot];
      a[pivot] = swapped;
      for (int row = 0; row < n; row++) {
        if (row != c) {
          double f = a[row][c] / a[c][c];
          for (int k = c; k <= n; k++) {
            a[row][k] -= f * a[c][k];
          }
        }
      }
    }
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = a[i][n] / a[i][i];
    }
    return x;
  }
}
