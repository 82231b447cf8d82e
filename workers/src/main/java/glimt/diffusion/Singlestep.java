package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/**
 * Singlestep DPM-Solver and DPM-Solver++ (Lu et al. 2022a, Algorithms 1 and 2; 2022b, Algorithm 1).
 * A solver of order k needs k network calls to go from one place to another; the intermediate
 * places are levels of the schedule too, so here each call is a step of its own: a group of k steps
 * starts over from where it began each time, with one answer more.
 */
public final class Singlestep {
  private Singlestep() {}

  /** What the solver expands. */
  public enum Of {
    /** D: DPM-Solver++. */
    DATA,
    /** The noise: DPM-Solver. */
    NOISE
  }

  /**
   * Singlestep solvers in groups.
   *
   * @param name as users call it
   * @param of what is expanded
   * @param groups the orders, 1 to 3, one for each group; their sum is the number of steps
   */
  public static Sampler of(String name, Of of, int... groups) {
    return new Sampler(name + Arrays.toString(groups), 2, at -> step(at, of, groups));
  }

  /**
   * Singlestep solvers of one order, in as many groups as the steps of a walk allow; see {@link
   * #groups}.
   */
  public static Sampler of(String name, Of of, int order) {
    groups(order, 1); // refuses an order there is not
    return new Sampler(name, 2, at -> step(at, of, groups(order, at.steps())));
  }

  /**
   * The orders with which n network calls are spent (Lu et al. 2022a, section 3.4): thirds, and
   * what is left over at the end.
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
   * The levels of groups that are equal in log sigma, each divided evenly, from sigmaMax to
   * sigmaMin.
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
   * {@link #dpmppSde(Step, double)} as a sampler.
   *
   * @param eta 0 for the ODE, 1 for the SDE
   */
  public static Sampler dpmppSde(double eta) {
    if (!(eta >= 0)) {
      throw new IllegalArgumentException("eta must not be negative, not " + eta);
    }
    return new Sampler("dpmpp_sde(eta=%s)".formatted(eta), 0, at -> dpmppSde(at, eta));
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
   * The stochastic form of the same step (k-diffusion's dpmpp_sde, Crowson 2022): both stages go
   * down further and add noise back up, as {@link Ancestral#of}; a step to 0 is first-order.
   */
  static Move dpmppSde(Step at, double eta) {
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now);
    }
    double middle = Math.sqrt(at.sigma() * at.next());
    NDArray xm = down(at, now, middle, eta, 0);
    NDArray ahead = at.estimate(xm, middle).denoised();
    return at.to(down(at, now.with(ahead), at.next(), eta, 1), now);
  }

  private static NDArray down(Step at, Estimate now, double to, double eta, int draw) {
    double up = Math.min(to, eta * Ancestral.up(now.sigma(), to));
    NDArray x = now.line(Math.sqrt(to * to - up * up));
    return up == 0 ? x : x.add(at.draw(draw).mul(up));
  }

  private static Move step(Step at, Of of, int[] groups) {
    int end = 0;
    for (int order : groups) {
      if (order < 1 || order > 3) {
        throw new IllegalArgumentException("singlestep solvers have orders 1 to 3, not " + order);
      }
      end += order;
      if (at.index() < end) {
        int i = at.index() - (end - order);
        return step(at, of, i, i == 1 && order == 2);
      }
    }
    throw new IllegalArgumentException(
        "groups of %s steps in all do not fit a schedule of %s".formatted(end, at.steps()));
  }

  /**
   * One call in a group that began at (x_s, sigma_s), i calls earlier, on to the next level, h away
   * from sigma_s. With m_0 the answer at s, m the latest one at r h, and phi_1 = exp(-h) - 1 for
   * data:
   *
   * <pre>
   *   i = 0         x' = (sigma'/sigma_s) x_s - phi_1 m_0
   *   i = 1, last   ... - phi_1 / 2r (m - m_0)             DPM-Solver-2 and ++(2S), the midpoint rule
   *   i = 1, 2      ... + phi_2 / r (m - m_0)              DPM-Solver-3, u_2 and x'
   * </pre>
   *
   * and phi_2 = phi_1 / h + 1. For noise exp(h) takes the place of exp(-h), with sigma' in front.
   */
  private static Move step(Step at, Of of, int i, boolean midpoint) {
    Estimate now = at.now();
    if (i == 0 || at.next() == 0) {
      return at.to(now.line(at.next()), now);
    }
    Estimate start = at.past().get(i - 1);
    double h = Math.log(start.sigma() / at.next());
    double r = Math.log(start.sigma() / now.sigma()) / h;
    NDArray straight = start.line(at.next());
    double weight;
    NDArray bend;
    if (of == Of.DATA) {
      double phi1 = Math.expm1(-h);
      weight = midpoint ? -phi1 / 2 : phi1 / h + 1;
      bend = now.denoised().sub(start.denoised());
    } else {
      double phi1 = Math.expm1(h);
      weight = -at.next() * (midpoint ? phi1 / 2 : phi1 / h - 1);
      bend = now.slope().sub(start.slope());
    }
    return at.to(straight.add(bend.mul(weight / r)), now);
  }
}
