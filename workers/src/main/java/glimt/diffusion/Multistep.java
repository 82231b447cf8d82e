package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.function.DoubleBinaryOperator;

/**
 * Linear multistep solvers of dx/dsigma = n, where n = (x - D) / sigma is the noise: they follow a
 * polynomial through the last few slopes. One network call a step.
 */
public final class Multistep {
  private Multistep() {}

  /** Adams-Bashforth weights for equal steps, by order; the latest slope first. */
  private static final double[][] ADAMS = {
    {1},
    {3 / 2., -1 / 2.},
    {23 / 12., -16 / 12., 5 / 12.},
    {55 / 24., -59 / 24., 37 / 24., -9 / 24.}
  };

  /** {@link #lms(Step, int)} as a sampler. */
  public static Sampler lms(int order) {
    if (order < 1 || order > 4) {
      throw new IllegalArgumentException("lms has orders 1 to 4, not " + order);
    }
    return new Sampler("lms(order=%s)".formatted(order), order - 1, at -> lms(at, order));
  }

  /** {@link #deis(Step, int)} as a sampler. */
  public static Sampler deis(int order) {
    if (order < 1 || order > 3) {
      throw new IllegalArgumentException("deis has orders 1 to 3, not " + order);
    }
    return new Sampler("deis(order=%s)".formatted(order), order - 1, at -> deis(at, order));
  }

  /** {@link #ipndm(Step)} as a sampler. */
  public static Sampler ipndm() {
    return new Sampler("ipndm", 3, Multistep::ipndm);
  }

  /** {@link #plms(Step)} as a sampler. */
  public static Sampler plms() {
    return new Sampler("plms", 3, Multistep::plms);
  }

  /**
   * {@link #pndm(Step, DoubleBinaryOperator)} as a sampler.
   *
   * @param middle the level half-way between two levels, in the time in which the steps are equal
   */
  public static Sampler pndm(DoubleBinaryOperator middle) {
    return new Sampler("pndm", 3, at -> pndm(at, middle));
  }

  /**
   * Linear multistep with exact weights for unequal steps, the Adams-Bashforth method in sigma
   * (k-diffusion, 2022):
   *
   * <pre>  x' = x + sum_j n_j int_sigma^sigma' prod_{k != j} (s - sigma_k) / (sigma_j - sigma_k) ds
   * </pre>
   */
  static Move lms(Step at, int order) {
    Estimate now = at.now();
    int used = Math.min(order, at.past().size() + 1);
    double[] sigmas = sigmas(now, at.past(), used);
    double[] weights = new double[used];
    for (int j = 0; j < used; j++) {
      weights[j] = Polynomial.integral(Polynomial.through(sigmas, j), at.sigma(), at.next());
    }
    return at.to(combine(at.x(), now, at.past(), weights), now);
  }

  /**
   * DEIS, Zhang and Chen 2023, eq. 15, with its polynomial in log sigma ("log-rho"); a step to 0,
   * which has no logarithm, is Euler's:
   *
   * <pre>
   *   x' = x + sum_j n_j int_u^u' exp(v) prod_{k != j} (v - u_k) / (u_j - u_k) dv,  u = ln sigma
   * </pre>
   */
  static Move deis(Step at, int order) {
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now);
    }
    int used = Math.min(order, at.past().size() + 1);
    double[] logs = sigmas(now, at.past(), used);
    for (int k = 0; k < used; k++) {
      logs[k] = Math.log(logs[k]);
    }
    double[] weights = new double[used];
    for (int j = 0; j < used; j++) {
      double[] p = Polynomial.through(logs, j);
      weights[j] =
          Polynomial.weighted(p, 1, Math.log(at.next()))
              - Polynomial.weighted(p, 1, Math.log(at.sigma()));
    }
    return at.to(combine(at.x(), now, at.past(), weights), now);
  }

  /** Improved PNDM, Zhang and Chen 2023, appendix: equal-step weights, the order growing from 1. */
  static Move ipndm(Step at) {
    return adams(at, at.now(), at.past());
  }

  /**
   * PNDM with a linear multistep throughout ("PLMS"), Liu et al. 2022, eq. 12, with Heun's method
   * for its first step.
   */
  static Move plms(Step at) {
    return at.past().isEmpty() ? RungeKutta.heun(at) : ipndm(at);
  }

  /**
   * PNDM, Liu et al. 2022, Algorithm 2: three steps of the classical Runge-Kutta method (eq. 13),
   * then fourth-order Adams-Bashforth (eq. 12); a step to 0 is never Runge and Kutta's, whose last
   * slope is undefined there:
   *
   * <pre>  x' = x + (sigma' - sigma) (n_1 + 2 n_2 + 2 n_3 + n_4) / 6</pre>
   */
  static Move pndm(Step at, DoubleBinaryOperator middle) {
    if (at.past().size() == 3 || at.next() == 0) {
      return ipndm(at);
    }
    Estimate now = at.now();
    double half = middle.applyAsDouble(at.sigma(), at.next());
    NDArray n1 = now.slope();
    NDArray n2 = at.estimate(now.line(half), half).slope();
    NDArray n3 = at.estimate(at.x().add(n2.mul(half - at.sigma())), half).slope();
    NDArray x4 = at.x().add(n3.mul(at.next() - at.sigma()));
    NDArray n4 = at.estimate(x4, at.next()).slope();
    NDArray slope = n1.add(n2.add(n3).mul(2)).add(n4).div(6);
    return at.to(at.x().add(slope.mul(at.next() - at.sigma())), now);
  }

  private static Move adams(Step at, Estimate now, List<Estimate> past) {
    double[] weights = ADAMS[past.size()].clone();
    for (int j = 0; j < weights.length; j++) {
      weights[j] *= at.next() - at.sigma();
    }
    return at.to(combine(at.x(), now, past, weights), now);
  }

  /** x + sum_j w_j n_j. */
  private static NDArray combine(NDArray x, Estimate now, List<Estimate> past, double[] weights) {
    NDArray sum = x.add(now.slope().mul(weights[0]));
    for (int j = 1; j < weights.length; j++) {
      sum = sum.add(past.get(j - 1).slope().mul(weights[j]));
    }
    return sum;
  }

  private static double[] sigmas(Estimate now, List<Estimate> past, int count) {
    double[] sigmas = new double[count];
    sigmas[0] = now.sigma();
    for (int k = 1; k < count; k++) {
      sigmas[k] = past.get(k - 1).sigma();
    }
    return sigmas;
  }
}
