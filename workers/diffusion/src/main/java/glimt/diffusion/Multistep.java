package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/**
 * Linear multistep solvers of dx/dsigma = n, where n = (x - D) / sigma is the noise. They integrate
 * a polynomial through the last few slopes. A step costs one network call.
 */
public final class Multistep {
  private Multistep() {}

  /**
   * The Adams-Bashforth weights for equal steps, by order, the weight of the latest slope first.
   */
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
    return deis(order, 0);
  }

  /**
   * {@link #deis(Step, int)} as a sampler.
   *
   * @param tail the number of final steps over which the order falls to 1
   */
  public static Sampler deis(int order, int tail) {
    if (order < 1 || order > 3) {
      throw new IllegalArgumentException("deis has orders 1 to 3, not " + order);
    }
    String name = "deis(order=%s%s)".formatted(order, tail == 0 ? "" : ", tail=" + tail);
    return new Sampler(
        name,
        order - 1,
        at -> deis(at, at.remaining() < tail ? Math.min(order, at.remaining() + 1) : order));
  }

  /** {@link #ipndm(Step)} as a sampler. */
  public static Sampler ipndm() {
    return new Sampler("ipndm", 3, Multistep::ipndm);
  }

  /** {@link #plms(Step, Preconditioning)} for a network that predicts the noise, as a sampler. */
  public static Sampler plms() {
    return plms(NOISE);
  }

  /**
   * {@link #plms(Step, Preconditioning)} as a sampler.
   *
   * @param terms the preconditioning of the network, whose raw outputs are averaged
   */
  public static Sampler plms(Preconditioning terms) {
    return new Sampler("plms", 3, at -> plms(at, terms));
  }

  /**
   * PLMS in a walk with steps of equal length and levels at unequal distances, as in {@link
   * Sampler#landing}. The second half of its first step starts one step above its target.
   *
   * @param terms the preconditioning of the network, whose raw outputs are averaged
   * @param lands maps a level to the level at which a step from it ends
   * @param above maps a level to the level one step above it
   */
  public static Sampler plms(
      Preconditioning terms, DoubleUnaryOperator lands, DoubleUnaryOperator above) {
    Sampler rest = plms(terms).landing(lands);
    return new Sampler(
        "plms(landing)",
        3,
        at -> {
          if (!at.past().isEmpty()) {
            return rest.step(at);
          }
          Estimate now = at.now();
          double there = lands.applyAsDouble(at.sigma());
          NDArray ahead = relabelled(now.line(there), there, at.next());
          NDArray f = answer(terms, now).add(answer(terms, at.estimate(ahead, at.next()))).div(2);
          double high = above.applyAsDouble(at.next());
          NDArray x = relabelled(now.x(), at.sigma(), high);
          Estimate read = new Estimate(high, x, terms.denoised(x, high, f));
          return at.to(read.line(at.next()), now);
        });
  }

  /** Reinterprets a variance-preserving sample of one level as a sample of another. */
  private static NDArray relabelled(NDArray x, double from, double to) {
    return x.mul(Preconditioning.signal(from) / Preconditioning.signal(to));
  }

  /**
   * {@link #pndm(Step, DoubleBinaryOperator, DoubleBinaryOperator, Preconditioning)} for a network
   * that predicts the noise, as a sampler.
   *
   * @param middle returns the level halfway between two levels, in the time in which the steps are
   *     equal
   */
  public static Sampler pndm(DoubleBinaryOperator middle) {
    return pndm(middle, middle, NOISE);
  }

  /**
   * {@link #pndm(Step, DoubleBinaryOperator, DoubleBinaryOperator, Preconditioning)} as a sampler.
   *
   * @param middle returns the level halfway between two levels, at which the network is evaluated
   * @param lands returns the level at which the first half-step ends; it differs from {@code
   *     middle} if the step spans an odd number of the network's times
   * @param terms the preconditioning of the network, whose raw outputs are averaged
   */
  public static Sampler pndm(
      DoubleBinaryOperator middle, DoubleBinaryOperator lands, Preconditioning terms) {
    return new Sampler("pndm", 3, at -> pndm(at, middle, lands, terms));
  }

  /**
   * PNDM in a walk with steps of equal length and levels at unequal distances: its Runge-Kutta
   * steps end at the levels of the schedule, and the others as {@link Sampler#landing} describes.
   *
   * @param after maps a level to the level at which a step after the first three ends
   */
  public static Sampler pndm(
      DoubleBinaryOperator middle,
      DoubleBinaryOperator lands,
      Preconditioning terms,
      DoubleUnaryOperator after) {
    Sampler first = pndm(middle, lands, terms);
    Sampler rest = first.landing(after);
    return new Sampler("pndm(landing)", 3, at -> (at.past().size() == 3 ? rest : first).step(at));
  }

  /** The preconditioning of a network that predicts the noise. */
  private static final Preconditioning NOISE = Preconditioning.epsilon(s -> s);

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
   * which has no logarithm, uses Euler's method:
   *
   * <pre>
   *   x' = x + sum_j n_j int_u^u' exp(v) prod_{k != j} (v - u_k) / (u_j - u_k) dv,  u = ln sigma
   * </pre>
   */
  static Move deis(Step at, int order) {
    Estimate now = at.now();
    if (at.next() == 0 || at.stays()) {
      return at.to(now.line(at.next()), now);
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

  /**
   * Improved PNDM, Zhang and Chen 2023, appendix: the weights of equal steps, with the order
   * increasing from 1 to 4.
   */
  static Move ipndm(Step at) {
    return adams(at, at.now(), NOISE);
  }

  /**
   * PNDM with linear multistep in all steps ("PLMS"), Liu et al. 2022, eq. 12, except for Heun's
   * method in the first step. A walk of a single step uses Euler's method.
   */
  static Move plms(Step at, Preconditioning terms) {
    if (!at.past().isEmpty() || at.next() == 0 || at.remaining() == 0) {
      return adams(at, at.now(), terms);
    }
    Estimate now = at.now();
    NDArray ahead = answer(terms, at.estimate(now.line(at.next()), at.next()));
    return transfer(at, now, terms, answer(terms, now).add(ahead).div(2));
  }

  /**
   * PNDM, Liu et al. 2022, Algorithm 2: three steps of the classical Runge-Kutta method (eq. 13),
   * then fourth-order Adams-Bashforth (eq. 12); a step to 0 never uses Runge-Kutta, because the
   * slope is undefined there:
   *
   * <pre>  x' = transfer(x; (F_1 + 2 F_2 + 2 F_3 + F_4) / 6)</pre>
   */
  static Move pndm(
      Step at, DoubleBinaryOperator middle, DoubleBinaryOperator lands, Preconditioning terms) {
    if (at.past().size() == 3 || at.next() == 0) {
      return adams(at, at.now(), terms);
    }
    Estimate now = at.now();
    double half = middle.applyAsDouble(at.sigma(), at.next());
    double there = lands.applyAsDouble(at.sigma(), at.next());
    NDArray f1 = answer(terms, now);
    NDArray x2 = relabelled(now.line(there), there, half);
    NDArray f2 = answer(terms, at.estimate(x2, half));
    NDArray f3 = answer(terms, at.estimate(read(now, terms, f2).line(half), half));
    NDArray x4 = read(now, terms, f3).line(at.next());
    NDArray f4 = answer(terms, at.estimate(x4, at.next()));
    return transfer(at, now, terms, f1.add(f2.add(f3).mul(2)).add(f4).div(6));
  }

  /**
   * Liu et al. 2022, eq. 11: a step along the output F, as if it were the network's output here.
   */
  private static Move transfer(Step at, Estimate now, Preconditioning terms, NDArray f) {
    return at.to(read(now, terms, f).line(at.next()), now);
  }

  private static Estimate read(Estimate now, Preconditioning terms, NDArray f) {
    return now.with(terms.denoised(now.x(), now.sigma(), f));
  }

  /** The raw network output F of an estimate. */
  private static NDArray answer(Preconditioning terms, Estimate estimate) {
    return terms.target(estimate.x(), estimate.sigma(), estimate.denoised());
  }

  private static Move adams(Step at, Estimate now, Preconditioning terms) {
    if (at.past().isEmpty()) {
      return at.to(now.line(at.next()), now);
    }
    double[] weights = ADAMS[at.past().size()];
    NDArray sum = answer(terms, now).mul(weights[0]);
    for (int j = 1; j < weights.length; j++) {
      sum = sum.add(answer(terms, at.past().get(j - 1)).mul(weights[j]));
    }
    return transfer(at, now, terms, sum);
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
