package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/**
 * DPM-Solver with steps of mixed order and ancestral noise ("dpm_fast" of k-diffusion, Crowson
 * 2022): each step of the schedule goes to a lower level by DPM-Solver of its own order, whose
 * stages lie within the step (Lu et al. 2022a, Algorithms 1 and 2), and adds noise to return to the
 * level of the schedule. Without noise this is {@link Singlestep}, which takes each network call as
 * a step.
 */
public final class DpmFast {
  private DpmFast() {}

  /**
   * The sampler.
   *
   * @param least the least level that a step may go down to
   * @param eta the amount of noise; see {@link Ancestral#of}
   * @param orders the order of each step, 1 to 3
   */
  public static Sampler of(double least, double eta, int... orders) {
    if (!(eta >= 0) || Arrays.stream(orders).anyMatch(order -> order < 1 || order > 3)) {
      throw new IllegalArgumentException(
          "steps have orders 1 to 3 and eta is not negative, not %s and %s"
              .formatted(Arrays.toString(orders), eta));
    }
    int[] own = orders.clone();
    return new Sampler(
        "dpm_fast(eta=%s, %s)".formatted(eta, Arrays.toString(own)),
        0,
        at -> step(at, least, eta, own));
  }

  private static Move step(Step at, double least, double eta, int[] orders) {
    int place = orders.length - 1 - at.remaining(); // from the end, because a walk may start late
    if (place < 0) {
      throw new IllegalArgumentException(
          "there are orders for %s steps, but the schedule has %s"
              .formatted(orders.length, at.steps()));
    }
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now);
    }
    double down = Math.max(least, Ancestral.down(at.sigma(), at.next(), eta));
    double h = Math.log(at.sigma() / down);
    NDArray x =
        switch (orders[place]) {
          case 1 -> now.line(down);
          case 2 -> AdaptiveDpm.second(now, AdaptiveDpm.bend(at, now, h / 2), h, 0.5);
          default -> AdaptiveDpm.third(at, now, AdaptiveDpm.bend(at, now, h / 3), h);
        };
    double up = Math.sqrt((at.next() - down) * (at.next() + down));
    return at.to(up == 0 ? x : x.add(at.draw(0).mul(up)), now);
  }
}
