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
   * An ODE sampler that steps down to a lower level and adds noise back up to the schedule's
   * (Euler's is the ancestral sampler of k-diffusion, and the same as {@link #ddim}):
   *
   * <pre>
   *   up   = min(sigma', eta sqrt(sigma'^2 (sigma^2 - sigma'^2) / sigma^2))
   *   down = sqrt(sigma'^2 - up^2)
   *   x'   = ode(x; sigma to down) + up S_noise z
   * </pre>
   *
   * @param eta how much noise; 0 is the ODE
   * @param noise S_noise, 1 in theory
   */
  public static Sampler of(Sampler ode, double eta, double noise) {
    if (!(eta >= 0 && noise >= 0)) {
      throw new IllegalArgumentException(
          "eta and noise must not be negative, not %s and %s".formatted(eta, noise));
    }
    return new Sampler(
        "%s_ancestral(eta=%s, noise=%s)".formatted(ode.name(), eta, noise),
        ode.history(),
        at -> {
          double up = Math.min(at.next(), eta * up(at.sigma(), at.next()));
          double down = Math.sqrt(at.next() * at.next() - up * up);
          Move move = ode.step(at.towards(down));
          NDArray x = up == 0 ? move.x() : move.x().add(at.draw(0).mul(up * noise));
          return at.to(x, move.seen(), move.memory());
        });
  }

  /** {@link #ddpm(Step, Variance)} as a sampler. */
  public static Sampler ddpm(Variance variance) {
    return new Sampler("ddpm(%s)".formatted(variance.name()), 0, at -> ddpm(at, variance));
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
    double up = eta == 0 ? 0 : eta * up(at.sigma(), at.next());
    NDArray down = now.line(Math.sqrt(at.next() * at.next() - up * up));
    return at.to(up == 0 ? down : down.add(at.draw(0).mul(up)), now);
  }

  /**
   * DDPM, Ho et al. 2020, Algorithm 2 with eq. 7, divided by sqrt(alpha'); the last step adds no
   * noise:
   *
   * <pre>  x' = (sigma'/sigma)^2 x + (1 - (sigma'/sigma)^2) D + std z</pre>
   */
  static Move ddpm(Step at, Variance variance) {
    Estimate now = at.now();
    NDArray mean = mean(now, at.next());
    if (at.remaining() == 0) {
      return at.to(mean, now);
    }
    return at.to(mean.add(variance.times(at.draw(0), now, at.next())), now);
  }

  /** The mean of x' given x and x0 = D. */
  static NDArray mean(Estimate now, double next) {
    return now.line(next * next / now.sigma());
  }

  /** The standard deviation of x' given x and x0: Ho et al. 2020, eq. 7, in these coordinates. */
  static double up(double sigma, double next) {
    double r = next / sigma;
    return next * Math.sqrt((1 - r) * (1 + r));
  }
}
