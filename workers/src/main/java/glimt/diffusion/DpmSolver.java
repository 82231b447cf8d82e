package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Exponential integrators in half the log-SNR, lambda = -ln sigma: DPM-Solver (Lu et al. 2022a) and
 * DPM-Solver++ (Lu et al. 2022b). With h = lambda' - lambda &gt; 0, sigma' / sigma = exp(-h).
 */
public final class DpmSolver {
  private DpmSolver() {}

  /** {@link #dpmpp2m(Step)} as a sampler. Second order, one network call. */
  public static Sampler dpmpp2m() {
    return new Sampler("dpmpp_2m", 1, DpmSolver::dpmpp2m);
  }

  /**
   * DPM-Solver++(2M), Lu et al. 2022b, Algorithm 2; the first step and a step to 0 are first-order:
   *
   * <pre>
   *   r  = h_before / h
   *   D* = (1 + 1/2r) D_now - 1/2r D_before
   *   x' = (sigma'/sigma) x + (1 - exp(-h)) D*
   * </pre>
   */
  static Move dpmpp2m(Step at) {
    Estimate now = at.now();
    if (at.past().isEmpty() || at.next() == 0) {
      return at.to(now.line(at.next()), now);
    }
    Estimate before = at.past().getFirst();
    double h = Math.log(at.sigma() / at.next());
    double r = Math.log(before.sigma() / at.sigma()) / h;
    NDArray ahead = now.denoised().sub(before.denoised()).mul(1 / (2 * r));
    return at.to(now.line(at.next()).add(ahead.mul(-Math.expm1(-h))), now);
  }
}
