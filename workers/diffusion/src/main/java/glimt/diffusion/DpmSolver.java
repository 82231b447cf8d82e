package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * Multistep exponential integrators in half the log-SNR, lambda = -ln sigma: DPM-Solver (Lu et al.
 * 2022a) and DPM-Solver++ (Lu et al. 2022b). With h = lambda' - lambda &gt; 0, sigma' / sigma =
 * exp(-h).
 *
 * <p>The third-order forms follow the publication and its common implementations: the weight of D2
 * is half of that of Newton's polynomial through the three predictions, so they converge with order
 * 2, though with a smaller error than the second-order forms. Solvers of true third order are
 * {@link Multistep#deis}, {@link Singlestep} and {@link UniPc}.
 *
 * <p>Both solvers expand a prediction m in divided differences of past predictions,
 *
 * <pre>
 *   r0 = h_1 / h,  r1 = h_2 / h,  e0 = (m_0 - m_1) / r0,  e1 = (m_1 - m_2) / r1
 *   second order   D1 = e0
 *   third order    D1 = e0 + r0 / (r0 + r1) (e0 - e1),  D2 = (e0 - e1) / (r0 + r1)
 * </pre>
 *
 * where m is D for DPM-Solver++ and the slope (the noise) for DPM-Solver.
 */
public final class DpmSolver {
  private DpmSolver() {}

  /** The weight of the difference in a second-order step. */
  public enum Second {
    /** Half the first-order weight: the midpoint rule of Lu et al. */
    MIDPOINT,
    /** The exact integral of a linear m: "heun" in diffusers, phi_2 in the papers. */
    EXACT
  }

  /** The weight of the second difference in a third-order step of the SDE. */
  public enum Third {
    /** As derived from the expansion, and as in k-diffusion. */
    EXPANDED,
    /** As in diffusers: the weight of D2 is phi_2 / k + 1/2. */
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
   * @param name the name of the sampler
   * @param order 1 to 3
   * @param tail the number of final steps over which the order falls to 1, which stabilises walks
   *     of few steps (Lu et al. 2022b, section 6): 0, or {@code order}; a step to 0 is always
   *     first-order
   * @param eta 0 for the ODE, 1 for the SDE
   */
  public static Sampler data(String name, int order, int tail, double eta, Second second) {
    return data(name, order, tail, eta, second, Third.EXPANDED);
  }

  /** {@link #data} with a choice of the weight of the SDE's second difference. */
  public static Sampler data(
      String name, int order, int tail, double eta, Second second, Third third) {
    check(order, eta);
    return new Sampler(name, order - 1, at -> data(at, order(at, order, tail), eta, second, third));
  }

  /**
   * DPM-Solver in any form, which expands the noise instead of D; the parameters are those of
   * {@link #data}.
   */
  public static Sampler noise(String name, int order, int tail, double eta, Second second) {
    check(order, eta);
    return new Sampler(name, order - 1, at -> noise(at, order(at, order, tail), eta, second));
  }

  private static void check(int order, double eta) {
    if (order < 1 || order > 3 || !(eta >= 0)) {
      throw new IllegalArgumentException(
          "DPM-Solver needs an order of 1 to 3 and eta >= 0, not %s and %s".formatted(order, eta));
    }
  }

  /** The order that the available past predictions and the remaining steps allow. */
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
