package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/**
 * Singlestep DPM-Solver and DPM-Solver++ (Lu et al. 2022a, Algorithms 1 and 2; 2022b, Algorithm 1).
 * A solver of order k needs k network calls to go from one level to another. The intermediate
 * levels are levels of the schedule too, so each call is a step of its own here: each step in a
 * group of k steps restarts from the beginning of the group, with one more prediction.
 */
public final class Singlestep {
  private Singlestep() {}

  /** The quantity that the solver expands. */
  public enum Expanded {
    /** D: DPM-Solver++. */
    DATA,
    /** The noise: DPM-Solver. */
    NOISE
  }

  /** The weights of the calls of a group. */
  public enum Form {
    /**
     * Lu et al. 2022a, Algorithms 1 and 2: a group of two ends with the midpoint rule; in a group
     * of three, the second call has the exact weight and the third uses the slope of a line.
     */
    PAPER,
    /**
     * Exact weights for every call, and the slope of a parabola for the third: "taylor", or "heun"
     * in diffusers.
     */
    EXACT,
    /**
     * The midpoint rule for the second call of groups of two and three: "midpoint" in diffusers.
     */
    MIDPOINT
  }

  /**
   * Singlestep solvers in groups.
   *
   * @param name the name of the sampler
   * @param of the quantity that is expanded
   * @param groups the order of each group, 1 to 3; their sum is the number of steps
   */
  public static Sampler of(String name, Expanded of, int... groups) {
    return of(name, of, Form.PAPER, 0, groups);
  }

  /**
   * Singlestep solvers in groups, in any form.
   *
   * @param eta 0 for the ODE, 1 for the SDE, which adds new noise in every call and is possible for
   *     data only
   */
  public static Sampler of(String name, Expanded of, Form form, double eta, int... groups) {
    for (int order : groups) {
      groups(order, 1); // throws if the order is not supported
    }
    if (!(eta >= 0) || (eta > 0 && of == Expanded.NOISE)) {
      throw new IllegalArgumentException(
          "eta must not be negative, and 0 for noise prediction, not " + eta);
    }
    int[] own = groups.clone();
    return new Sampler(
        "%s%s".formatted(name, Arrays.toString(own)), 2, at -> step(at, of, form, eta, own));
  }

  /**
   * Singlestep solvers of one order, in as many groups as the steps of a walk allow; see {@link
   * #groups}.
   */
  public static Sampler of(String name, Expanded of, int order) {
    groups(order, 1); // throws if the order is not supported
    return new Sampler(name, 2, at -> step(at, of, Form.PAPER, 0, groups(order, at.steps())));
  }

  /**
   * Divides a number of network calls into groups of the given order and a remainder of lower order
   * at the end (Lu et al. 2022a, section 3.4).
   */
  public static int[] groups(int order, int calls) {
    int[] full = new int[calls / order + 1];
    Arrays.fill(full, order);
    return switch (order) {
      case 1 -> Arrays.copyOf(full, calls);
      case 2 -> calls % 2 == 0 ? Arrays.copyOf(full, calls / 2) : with(full, calls / 2, 1);
      case 3 ->
          switch (calls % 3) {
            case 0 -> with(full, calls / 3 - 1, 2, 1);
            case 1 -> with(full, calls / 3, 1);
            default -> with(full, calls / 3, 2);
          };
      default ->
          throw new IllegalArgumentException("singlestep solvers have orders 1 to 3, not " + order);
    };
  }

  private static int[] with(int[] full, int count, int... rest) {
    int[] all = Arrays.copyOf(full, count + rest.length);
    System.arraycopy(rest, 0, all, count, rest.length);
    return all;
  }

  /**
   * Levels from sigmaMax to sigmaMin in groups of equal length in log sigma, each of which is
   * divided evenly.
   */
  public static NoiseSchedule levels(double sigmaMin, double sigmaMax, int... groups) {
    double width = Math.log(sigmaMax / sigmaMin) / groups.length;
    double[] sigmas = new double[Arrays.stream(groups).sum() + 1];
    int step = 0;
    for (int g = 0; g < groups.length; g++) {
      for (int i = 0; i < groups[g]; i++) {
        sigmas[step++] = sigmaMax * Math.exp(-width * (g + (double) i / groups[g]));
      }
    }
    sigmas[step] = sigmaMin;
    return NoiseSchedule.of(sigmas);
  }

  /** {@link #dpmpp2s(Step)} as a sampler. Second order, two network calls. */
  public static Sampler dpmpp2s() {
    return new Sampler("dpmpp_2s", 0, Singlestep::dpmpp2s);
  }

  /**
   * {@link #dpmppSde(Step, double, double)} as a sampler.
   *
   * @param eta 0 for the ODE, 1 for the SDE
   */
  public static Sampler dpmppSde(double eta) {
    return dpmppSde(eta, 0.5);
  }

  /**
   * {@link #dpmppSde(Step, double, double)} as a sampler.
   *
   * @param eta 0 for the ODE, 1 for the SDE
   * @param r the position of the second call within the step in log sigma, 1/2 for the midpoint
   */
  public static Sampler dpmppSde(double eta, double r) {
    if (!(eta >= 0 && r > 0 && r <= 1)) {
      throw new IllegalArgumentException(
          "eta must not be negative and r must be in (0, 1], not %s and %s".formatted(eta, r));
    }
    String place = r == 0.5 ? "" : ", r=" + r;
    return new Sampler("dpmpp_sde(eta=%s%s)".formatted(eta, place), 0, at -> dpmppSde(at, eta, r));
  }

  /**
   * DPM-Solver++(2S), Lu et al. 2022b, Algorithm 1 with r = 1/2; a step to 0 is first-order:
   *
   * <pre>
   *   x_m = (sigma_m/sigma) x - (exp(-h/2) - 1) D(x; sigma),  sigma_m = sqrt(sigma sigma')
   *   x'  = (sigma'/sigma) x - (exp(-h) - 1) D(x_m; sigma_m)
   * </pre>
   */
  static Move dpmpp2s(Step at) {
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now);
    }
    double middle = Math.sqrt(at.sigma() * at.next());
    NDArray ahead = at.estimate(now.line(middle), middle).denoised();
    return at.to(now.with(ahead).line(at.next()), now);
  }

  /**
   * The stochastic form of the same step (k-diffusion's dpmpp_sde, Crowson 2022): both stages step
   * to a lower level and add noise, as in {@link Ancestral#of}; a step to 0 is first-order.
   */
  static Move dpmppSde(Step at, double eta, double r) {
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now);
    }
    double middle =
        r == 0.5
            ? Math.sqrt(at.sigma() * at.next())
            : at.sigma() * Math.pow(at.next() / at.sigma(), r);
    NDArray xm = down(at, now, middle, eta, 0);
    NDArray ahead = at.estimate(xm, middle).denoised();
    if (r != 0.5) {
      double weight = 1 / (2 * r);
      ahead = now.denoised().mul(1 - weight).add(ahead.mul(weight));
    }
    return at.to(down(at, now.with(ahead), at.next(), eta, 1), now);
  }

  private static NDArray down(Step at, Estimate now, double to, double eta, int draw) {
    double up = Math.min(to, eta * Ancestral.up(now.sigma(), to));
    NDArray x = now.line(Math.sqrt(to * to - up * up));
    return up == 0 ? x : x.add(at.draw(draw).mul(up));
  }

  private static Move step(Step at, Expanded of, Form form, double eta, int[] groups) {
    int steps = Arrays.stream(groups).sum();
    int index = steps - 1 - at.remaining(); // counted from the end, because a walk may start late
    if (index < at.index()) {
      throw new IllegalArgumentException(
          "the groups have %s steps in total, but the schedule has %s"
              .formatted(steps, at.steps()));
    }
    int end = 0;
    for (int order : groups) {
      end += order;
      if (index < end) {
        int i = Math.min(index - (end - order), at.past().size());
        return step(at, of, form, eta, i, index == end - 1);
      }
    }
    throw new AssertionError(index);
  }

  /**
   * One call in a group that began at (x_s, sigma_s), i calls earlier, to the next level at
   * distance h from sigma_s. With the predictions m_j, m_0 at s, e_j = (m_j - m_0) / r_j the slope
   * towards the prediction at r_j h, and q = -(1 + eta) h for data, q = h for noise:
   *
   * <pre>
   *   x' = (sigma'/sigma_s) exp(-eta h) x_s - phi_1 m_0 - bend + sigma' sqrt(1 - exp(-2 eta h)) z
   *   x' = x_s - sigma' (phi_1 m_0 + bend)                                                  noise
   *   phi_1 = exp(q) - 1,  phi_2 = phi_1 / q - 1,  phi_3 = phi_2 / q - 1/2
   *   i = 0         bend = 0
   *   midpoint      bend = phi_1 / 2 e_i                   DPM-Solver-2 and ++(2S)
   *   line          bend = phi_2 e_i                       DPM-Solver-3, u_2 and x'
   *   parabola      bend = phi_2 D1 + phi_3 D2             its derivatives at s, through e_1 and e_2
   * </pre>
   *
   * With noise, the published code uses phi_3 = phi_2 / q + 1/2, as does this method.
   */
  private static Move step(Step at, Expanded of, Form form, double eta, int i, boolean last) {
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now);
    }
    Estimate start = i == 0 ? now : at.past().get(i - 1);
    double h = Math.log(start.sigma() / at.next());
    double q = of == Expanded.DATA ? -(1 + eta) * h : h;
    double phi1 = Math.expm1(q);
    NDArray x =
        eta == 0
            ? start.line(at.next())
            : start.x().mul(Math.exp(q)).sub(start.denoised().mul(phi1));
    if (i > 0) {
      boolean midpoint = i == 1 && (form == Form.MIDPOINT || (form == Form.PAPER && last));
      NDArray bend =
          i == 2 && form == Form.EXACT
              ? parabola(of, start, at.past().getFirst(), now, h, q, eta > 0 ? 0.5 : -0.5)
              : line(of, start, now, h, q, midpoint);
      x = x.sub(bend.mul(of == Expanded.DATA ? 1 : at.next()));
    }
    double up = at.next() * Math.sqrt(-Math.expm1(-2 * eta * h));
    return at.to(up == 0 ? x : x.add(at.draw(0).mul(up)), now);
  }

  /** A step from s to another level with the slope towards one later prediction, without noise. */
  static NDArray bent(Expanded of, Estimate start, Estimate later, double to, boolean midpoint) {
    double h = Math.log(start.sigma() / to);
    NDArray bend = line(of, start, later, h, of == Expanded.DATA ? -h : h, midpoint);
    return start.line(to).sub(bend.mul(of == Expanded.DATA ? 1 : to));
  }

  /**
   * A step from s to another level with the parabola through two later predictions, without noise.
   */
  static NDArray bent(Expanded of, Estimate start, Estimate near, Estimate far, double to) {
    double h = Math.log(start.sigma() / to);
    NDArray bend = parabola(of, start, near, far, h, of == Expanded.DATA ? -h : h, -0.5);
    return start.line(to).sub(bend.mul(of == Expanded.DATA ? 1 : to));
  }

  private static NDArray line(
      Expanded of, Estimate start, Estimate later, double h, double q, boolean midpoint) {
    double phi1 = Math.expm1(q);
    return slope(of, start, later, h).mul(midpoint ? phi1 / 2 : phi1 / q - 1);
  }

  private static NDArray parabola(
      Expanded of, Estimate start, Estimate near, Estimate far, double h, double q, double half) {
    double phi2 = Math.expm1(q) / q - 1;
    double r1 = ratio(start, near, h);
    double r2 = ratio(start, far, h);
    NDArray e1 = slope(of, start, near, h);
    NDArray e2 = slope(of, start, far, h);
    NDArray d1 = e1.mul(r2).sub(e2.mul(r1)).div(r2 - r1);
    NDArray d2 = e2.sub(e1).mul(2 / (r2 - r1));
    return d1.mul(phi2).add(d2.mul(phi2 / q + half));
  }

  /** r: the position of a call between s and the next level. */
  private static double ratio(Estimate start, Estimate later, double h) {
    return Math.log(start.sigma() / later.sigma()) / h;
  }

  /** e = (m - m_0) / r. */
  private static NDArray slope(Expanded of, Estimate start, Estimate later, double h) {
    return answer(of, later).sub(answer(of, start)).div(ratio(start, later, h));
  }

  private static NDArray answer(Expanded of, Estimate estimate) {
    return of == Expanded.DATA ? estimate.denoised() : estimate.slope();
  }
}
