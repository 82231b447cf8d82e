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
   * {@link #midpoint} with the midpoint in log sigma and Euler's method in a step to 0:
   * DPM-Solver-2 (Lu et al. 2022a, Algorithm 1) in the linear form of k-diffusion. Second order,
   * two network calls.
   */
  public static Sampler dpm2() {
    return new Sampler("dpm_2", 0, at -> midpoint(at, Math.sqrt(at.sigma() * at.next())));
  }

  /**
   * {@link #dpm2()} for ancestral steps of a network whose time input differs between midpoints and
   * levels: the midpoint of an ancestral step can equal the next level, so it is shifted by a tiny
   * amount to remain distinguishable.
   */
  public static Sampler dpm2Apart() {
    return new Sampler(
        "dpm_2", 0, at -> midpoint(at, Math.sqrt(at.sigma() * at.next()) * (1 - 0x1p-46)));
  }

  /**
   * {@link #midpoint} with the midpoint in the cube root of sigma, also in the last step: "dpm" in
   * the code of consistency models (Song et al. 2023), following Karras et al. 2022. Second order,
   * two network calls.
   */
  public static Sampler cubicMidpoint() {
    return new Sampler(
        "midpoint(cubic)",
        0,
        at -> midpoint(at, Math.pow((Math.cbrt(at.sigma()) + Math.cbrt(at.next())) / 2, 3)));
  }

  /**
   * {@link #along(Step, Course, double)} as a sampler. Second order, two network calls.
   *
   * @param course the time and scale in which steps are straight
   * @param alpha the position of the second slope within the step: 1 for Heun's method, 1/2 for the
   *     midpoint method, 2/3 for Ralston's method
   */
  public static Sampler heun(Course course, double alpha) {
    if (!(alpha > 0 && alpha <= 1)) {
      throw new IllegalArgumentException("alpha must be in (0, 1], not " + alpha);
    }
    return new Sampler(
        "heun(%s, alpha=%s)".formatted(course.name(), alpha), 0, at -> along(at, course, alpha));
  }

  /** Euler's method in the time and scale of a course. First order, one network call. */
  public static Sampler euler(Course course) {
    return new Sampler(
        "euler(%s)".formatted(course.name()),
        0,
        at -> {
          Estimate now = at.now();
          double t = course.time(at.sigma());
          double h = course.time(at.next()) - t;
          NDArray y = course.scaled(at.x(), at.sigma()).add(course.slope(now).mul(h));
          return at.to(course.plain(y, at.next()), now);
        });
  }

  /**
   * Euler's step, Karras et al. 2022, Algorithm 1 without its correction; in these coordinates it
   * is DDIM with eta = 0 (Song et al. 2021, eq. 13):
   *
   * <pre>  x' = x + (sigma' - sigma) d(x; sigma)</pre>
   */
  static Move euler(Step at) {
    Estimate now = at.now();
    return at.to(now.line(at.next()), now);
  }

  /**
   * Heun's step, Karras et al. 2022, Algorithm 1; the slope at 0 is undefined, so a step to 0 uses
   * Euler's method:
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

  /**
   * The midpoint method; if the midpoint is 0, where the slope is undefined, Euler's method:
   *
   * <pre>
   *   x_m = x + (sigma_m - sigma) d(x; sigma)
   *   x'  = x + (sigma' - sigma) d(x_m; sigma_m)
   * </pre>
   */
  private static Move midpoint(Step at, double middle) {
    Estimate now = at.now();
    if (middle == 0) {
      return at.to(now.line(at.next()), now);
    }
    NDArray slope = at.estimate(now.line(middle), middle).slope();
    return at.to(at.x().add(slope.mul(at.next() - at.sigma())), now);
  }

  /**
   * A two-stage method along a course, Karras et al. 2022, Algorithm 3 without noise, with y = s(t)
   * x:
   *
   * <pre>
   *   y_a = y + alpha h y&#775;(y; t),  h = t' - t
   *   y'  = y + h ((1 - 1/2alpha) y&#775;(y; t) + 1/2alpha y&#775;(y_a; t + alpha h))
   * </pre>
   *
   * A step to 0 uses Euler's method.
   */
  static Move along(Step at, Course course, double alpha) {
    Estimate now = at.now();
    double t = course.time(at.sigma());
    double h = course.time(at.next()) - t;
    NDArray y = course.scaled(at.x(), at.sigma());
    NDArray first = course.slope(now);
    if (at.next() == 0) {
      return at.to(course.plain(y.add(first.mul(h)), 0), now);
    }
    double sigma = alpha == 1 ? at.next() : course.sigma(t + alpha * h);
    NDArray ya = y.add(first.mul(alpha * h));
    NDArray second = course.slope(at.estimate(course.plain(ya, sigma), sigma));
    double w = 1 / (2 * alpha);
    NDArray slope = first.mul(1 - w).add(second.mul(w));
    return at.to(course.plain(y.add(slope.mul(h)), at.next()), now);
  }
}
