package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/** One-step solvers of the probability-flow ODE dx/dsigma = (x - D(x; sigma)) / sigma. */
public final class RungeKutta {
  private RungeKutta() {}

  /** {@link #euler(Step)} as a sampler. First order, one network call. */
  public static Sampler euler() {
    return new Sampler("euler", 0, RungeKutta::euler);
  }

  /** {@link #heun(Step)} as a sampler. Second order, two network calls. */
  public static Sampler heun() {
    return new Sampler("heun", 0, RungeKutta::heun);
  }

  /**
   * Euler's step, Karras et al. 2022, Algorithm 1 without its correction; in these coordinates it is
   * DDIM with eta = 0 (Song et al. 2021, eq. 13):
   *
   * <pre>  x' = x + (sigma' - sigma) d(x; sigma)</pre>
   */
  static Move euler(Step at) {
    Estimate now = at.now();
    return at.to(now.line(at.next()), now);
  }

  /**
   * Heun's step, Karras et al. 2022, Algorithm 1; the slope at 0 is undefined, so the last step is
   * Euler's:
   *
   * <pre>
   *   x_e = x + (sigma' - sigma) d(x; sigma)
   *   x'  = x + (sigma' - sigma) (d(x; sigma) + d(x_e; sigma')) / 2
   * </pre>
   */
  static Move heun(Step at) {
    Estimate now = at.now();
    NDArray euler = now.line(at.next());
    if (at.next() == 0) {
      return at.to(euler, now);
    }
    NDArray bend = at.estimate(euler, at.next()).slope().sub(now.slope());
    return at.to(euler.add(bend.mul((at.next() - at.sigma()) / 2)), now);
  }
}
