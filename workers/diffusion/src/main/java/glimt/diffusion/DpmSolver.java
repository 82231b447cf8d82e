package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * Multistep exponential integrators in half the log-SNR, lambda = -ln sigma: DPM-Solver (Lu et al.
 * 2022a) and DPM-Solver++ (Lu et al. 2022b). With h = lambda' - lambda &gt; 0, sigma' / sigma =
 * exp(-h).
 *
 * <p>The third-order forms are as published and as everyone has them: the weight of D2 is half of
 * what Newton's polynomial through the three answers would have, so they converge with order 2,
 * though with less error than the second-order forms. For a true third order there are {@link
 * Multistep#deis}, {@link Singlestep} and {@link UniPc}.
 *
 * <p>Both expand their answer in divided differences of past answers,
 *
 * <pre>
 *   r0 = h_1 / h,  r1 = h_2 / h,  e0 = (m_0 - m_1) / r0,  e1 = (m_1 - m_2) / r1
 *   second order   D1 = e0
 *   third order    D1 = e0 + r0 / (r0 + r1) (e0 - e1),  D2 = (e0 - e1) / (r0 + r1)
 * </pre>
 *
 * and differ in what m is: D for DPM-Solver++, the slope (the noise) for DPM-Solver.
 */
public final class DpmSolver {
  private DpmSolver() {}

  /** How a second-order step weighs its difference. */
  public enum Second {
    /** Half the first-order weight: the midpoint rule of Lu et al. */
    MIDPOINT,
    /** The exact integral of a linear m: "heun" in diffusers, phi_2 in the papers. */
    EXACT
  }

  /** The sign of what bends a third-order step of the SDE. */
  public enum Third {
    /** As it follows from the expansion, and as k-diffusion has it. */
    EXPANDED,
    /** As diffusers has it: the weight of D2 is phi_2 / k + 1/2. */
    PUBLISHED
  }

  /** DPM-Solver++(2M), Lu et al. 2022b, Algorithm 2. Second order, one network call. */
  public static Sampler dpmpp2m() {
    return data("dpmpp_2m", 2, 0, 0, Second.MIDPOINT);
  }

  /** DPM-Solver++(3M), Lu et al. 2022b. One network call. */
  public static Sampler dpmpp3m() {
    return data("dpmpp_3m", 3, 0, 0, Second.MIDPOINT);
  }

  /** SDE-DPM-Solver++(2M), Lu et al. 2022b, eq. 19. One network call, one draw. */
  public static Sampler dpmpp2mSde() {
    return data("dpmpp_2m_sde", 2, 0, 1, Second.MIDPOINT);
  }

  /** SDE-DPM-Solver++(3M) of k-diffusion (Crowson 2023). One network call, one draw. */
  public static Sampler dpmpp3mSde() {
    return data("dpmpp_3m_sde", 3, 0, 1, Second.EXACT);
  }

  /**
   * DPM-Solver++ in any form.
   *
   * @param order 1 to 3
   * @param tail how many steps before the end the order begins to fall to 1, which steadies walks
   *     of few steps (Lu et al. 2022b, section 6): 0, or {@code order}; a step to 0 is always
   *     first-order
   * @param eta 0 for the ODE, 1 for the SDE
   */
  public static Sampler data(String name, int order, int tail, double eta, Second second) {
    return data(name, order, tail, eta, second, Third.EXPANDED);
  }

  /** {@link #data} with the bend of the SDE's third order as one wants it. */
  public static Sampler data(
      String name, int order, int tail, double eta, Second second, Third third) {
    check(order, eta);
    return new Sampler(name, order - 1, at -> data(at, order(at, order, tail), eta, second, third));
  }

  /** DPM-Solver, with the noise instead of D; see {@link #data}. */
  public static Sampler noise(String name, int order, int tail, double eta, Second second) {
    check(order, eta);
    return new Sampler(name, order - 1, at -> noise(at, order(at, order, tail), eta, second));
  }

  private static void check(int order, double eta) {
    if (order < 1 || order > 3 || !(eta >= 0)) {
      throw new IllegalArgumentException(
          "DPM-Solver has orders 1 to 3 and eta >= 0, not %s and %s".formatted(order, eta));
    }
  }

  /** The order the past and the future of a step allow. */
  private static int order(Step at, int order, int tail) {
    if (at.next() == 0) {
      return 1;
    }
    int falling = at.remaining() < tail ? at.remaining() + 1 : order;
    return Math.min(Math.min(order, falling), at.past().size() + 1);
  }

  /**
   * Lu et al. 2022b, eq. 9 to 11 and 19, with k = (1 + eta) h:
   *
   * <pre>
   *   x' = (sigma'/sigma) exp(-eta h) x + (1 - exp(-k)) D + phi_2 D1 - phi_3 D2
   *        + sigma' sqrt(1 - exp(-2 eta h)) z
   *   phi_1 = exp(-k) - 1,  phi_2 = phi_1 / k + 1,  phi_3 = phi_2 / k - 1/2
   * </pre>
   */
  private static Move data(Step at, int order, double eta, Second second, Third third) {
    Estimate now = at.now();
    if (at.next() == 0 || at.stays()) {
      return at.to(now.line(at.next()), now);
    }
    double h = Math.log(at.sigma() / at.next());
    double k = (1 + eta) * h;
    double phi1 = Math.expm1(-k);
    double phi2 = phi1 / k + 1;
    NDArray x = at.x().mul(Math.exp(-k)).add(now.denoised().mul(-phi1));
    if (order > 1) {
      Differences d = differences(order, h, now.sigma(), now.denoised(), at.past(), false);
      x = x.add(d.first().mul(order == 2 && second == Second.MIDPOINT ? -phi1 / 2 : phi2));
      if (order == 3) {
        double half = eta > 0 && third == Third.PUBLISHED ? 0.5 : -0.5;
        x = x.sub(d.second().mul(phi2 / k + half));
      }
    }
    double up = at.next() * Math.sqrt(-Math.expm1(-2 * eta * h));
    return at.to(up == 0 ? x : x.add(at.draw(0).mul(up)), now);
  }

  /**
   * Lu et al. 2022a, eq. 3.3 to 3.5, and the SDE form of Lu et al. 2022b, appendix E, with n the
   * slope:
   *
   * <pre>
   *   x' = x - sigma' (1 + eta) (phi_1 n + phi_2 D1 + phi_3 D2) + sigma' sqrt(exp(2 eta h) - 1) z
   *   phi_1 = exp(h) - 1,  phi_2 = phi_1 / h - 1,  phi_3 = phi_2 / h - 1/2
   * </pre>
   */
  private static Move noise(Step at, int order, double eta, Second second) {
    Estimate now = at.now();
    if (at.next() == 0 || at.stays()) {
      return at.to(now.line(at.next()), now);
    }
    double h = Math.log(at.sigma() / at.next());
    double phi1 = Math.expm1(h);
    double phi2 = phi1 / h - 1;
    double scale = at.next() * (1 + eta);
    NDArray n = now.slope();
    NDArray x = at.x().sub(n.mul(scale * phi1));
    if (order > 1) {
      Differences d = differences(order, h, now.sigma(), n, at.past(), true);
      x = x.sub(d.first().mul(scale * (order == 2 && second == Second.MIDPOINT ? phi1 / 2 : phi2)));
      if (order == 3) {
        x = x.sub(d.second().mul(scale * (phi2 / h - 0.5)));
      }
    }
    double up = at.next() * Math.sqrt(Math.expm1(2 * eta * h));
    return at.to(up == 0 ? x : x.add(at.draw(0).mul(up)), now);
  }

  private record Differences(NDArray first, NDArray second) {}

  private static Differences differences(
      int order, double h, double sigma, NDArray m0, List<Estimate> past, boolean noise) {
    Estimate one = past.get(0);
    NDArray m1 = noise ? one.slope() : one.denoised();
    double r0 = Math.log(one.sigma() / sigma) / h;
    NDArray e0 = m0.sub(m1).div(r0);
    if (order == 2) {
      return new Differences(e0, e0);
    }
    Estimate two = past.get(1);
    NDArray m2 = noise ? two.slope() : two.denoised();
    double r1 = Math.log(two.sigma() / one.sigma()) / h;
    NDArray bend = e0.sub(m1.sub(m2).div(r1)).div(r0 + r1);
    return new Differences(e0.add(bend.mul(r0)), bend);
  }
}
