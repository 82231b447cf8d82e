package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/**
 * Singlestep DPM-Solver and DPM-Solver++ (Lu et al. 2022a, Algorithms 1 and 2; 2022b, Algorithm 1). A
 * solver of order k needs k network calls to go from one place to another; the intermediate places are
 * levels of the schedule too, so here each call is a step of its own: a group of k steps starts over
 * from where it began each time, with one answer more.
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
    int[] place = new int[Arrays.stream(groups).sum()];
    int step = 0;
    for (int order : groups) {
      if (order < 1 || order > 3) {
        throw new IllegalArgumentException("singlestep solvers have orders 1 to 3, not " + order);
      }
      for (int i = 0; i < order; i++) {
        place[step++] = i;
      }
    }
    return new Sampler(
        "%s%s".formatted(name, Arrays.toString(groups)),
        2,
        at -> {
          if (at.steps() != place.length) {
            throw new IllegalArgumentException(
                "groups of %d steps in all do not fit a schedule of %d"
                    .formatted(place.length, at.steps()));
          }
          int i = place[at.index()];
          boolean last = at.remaining() == 0 || place[at.index() + 1] == 0;
          return step(at, of, i, last && i == 1);
        });
  }

  /**
   * The orders with which n network calls are spent (Lu et al. 2022a, section 3.4): thirds, and what
   * is left over at the end.
   */
  public static int[] groups(int order, int calls) {
    int[] full = new int[calls / order + 1];
    Arrays.fill(full, order);
    return switch (order) {
      case 1 -> Arrays.copyOf(full, calls);
      case 2 -> calls % 2 == 0 ? with(full, calls / 2 - 1, 1, 1) : with(full, calls / 2, 1);
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
   * One call in a group that began at (x_s, sigma_s), i calls earlier, on to the next level, h away
   * from sigma_s. With m_0 the answer at s, m the latest one at r h, and phi_1 = exp(-h) - 1 for data:
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
