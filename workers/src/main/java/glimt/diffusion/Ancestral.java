package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/** Samplers that go down further than they should and add fresh noise to come back up. */
public final class Ancestral {
  private Ancestral() {}

  /**
   * {@link #ddim(Step, double)} as a sampler.
   *
   * @param eta 0 is the deterministic DDIM, 1 the ancestral sampler of DDPM with the posterior's
   *     variance; between them the noise grows
   * @throws IllegalArgumentException unless 0 &lt;= eta &lt;= 1
   */
  public static Sampler ddim(double eta) {
    if (!(eta >= 0 && eta <= 1)) {
      throw new IllegalArgumentException("eta must lie between 0 and 1, not " + eta);
    }
    return new Sampler("ddim(eta=%s)".formatted(eta), 0, at -> ddim(at, eta));
  }

  /**
   * DDIM, Song et al. 2021, eq. 12 and 16, divided by sqrt(alpha'):
   *
   * <pre>
   *   up = eta sqrt(sigma'^2 (sigma^2 - sigma'^2) / sigma^2)
   *   x' = D + sqrt(sigma'^2 - up^2) d + up z
   * </pre>
   */
  static Move ddim(Step at, double eta) {
    Estimate now = at.now();
    double up = eta * up(at.sigma(), at.next());
    NDArray down = now.line(Math.sqrt(at.next() * at.next() - up * up));
    return at.to(up == 0 ? down : down.add(at.draw(0).mul(up)), now);
  }

  /** The standard deviation of x' given x and x0: Ho et al. 2020, eq. 7, in these coordinates. */
  static double up(double sigma, double next) {
    double r = next / sigma;
    return next * Math.sqrt((1 - r) * (1 + r));
  }
}
