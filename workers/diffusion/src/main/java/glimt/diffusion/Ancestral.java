package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/** Stochastic samplers that step below the next noise level and add fresh noise to return to it. */
public final class Ancestral {
  private Ancestral() {}

  /**
   * {@link #ddim(Step, double, Clipping)} as a sampler.
   *
   * @param eta 0 is the deterministic DDIM, 1 the ancestral sampler of DDPM with the posterior's
   *     variance; values in between give less noise
   * @throws IllegalArgumentException unless 0 &lt;= eta &lt;= 1
   */
  public static Sampler ddim(double eta) {
    if (!(eta >= 0 && eta <= 1)) {
      throw new IllegalArgumentException("eta must be between 0 and 1, not " + eta);
    }
    return new Sampler("ddim(eta=%s)".formatted(eta), 0, at -> ddim(at, eta, new Clipping.None()));
  }

  /**
   * DDIM with a clipped prediction of x0 and the noise of the unclipped prediction, as in the code
   * of Song et al. 2021 and diffusers. (With a denoiser that clips, {@link #ddim(double)} computes
   * the noise from the clipped prediction, as OpenAI's code does.)
   *
   * @param kept the clipping of the prediction
   */
  public static Sampler ddim(double eta, Clipping kept) {
    String name = "ddim(eta=%s, %s)".formatted(eta, kept);
    return kept.none() ? ddim(eta) : new Sampler(name, 0, at -> ddim(at, eta, kept));
  }

  /**
   * {@link #invert(Step, Clipping)} as a sampler, for rising levels.
   *
   * @param kept the clipping of the prediction of x0
   */
  public static Sampler inverse(Clipping kept) {
    return new Sampler("ddim_inverse(%s)".formatted(kept), 0, at -> invert(at, kept));
  }

  /**
   * Makes an ODE sampler stochastic: it steps to a lower level and adds noise to return to the
   * level of the schedule. (With Euler's method this is the ancestral sampler of k-diffusion, which
   * equals {@link #ddim}.)
   *
   * <pre>
   *   up   = min(sigma', eta sqrt(sigma'^2 (sigma^2 - sigma'^2) / sigma^2))
   *   down = sqrt(sigma'^2 - up^2)
   *   x'   = ode(x; sigma to down) + up S_noise z
   * </pre>
   *
   * @param eta the amount of noise; 0 gives the ODE
   * @param noise S_noise, 1 in theory
   */
  public static Sampler of(Sampler ode, double eta, double noise) {
    if (!(eta >= 0 && noise >= 0)) {
      throw new IllegalArgumentException(
          "eta and noise must not be negative, but are %s and %s".formatted(eta, noise));
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

  /** {@link #ddpm(Step, Variance, boolean)} as a sampler whose last step adds no noise. */
  public static Sampler ddpm(Variance variance) {
    return ddpm(variance, false);
  }

  /**
   * {@link #ddpm(Step, Variance, boolean)} as a sampler.
   *
   * @param last whether the last step adds noise too; in diffusers it does unless it starts at t =
   *     0
   */
  public static Sampler ddpm(Variance variance, boolean last) {
    String name = "ddpm(%s%s)".formatted(variance.name(), last ? ", noise to the last" : "");
    return new Sampler(name, 0, at -> ddpm(at, variance, last));
  }

  /**
   * DDPM with classifier guidance, Dhariwal and Nichol 2021, Algorithm 1: the mean of a step is
   * shifted by its variance times the gradient. (Algorithm 2, which changes the score, is {@link
   * Denoiser#towards}.) The last step has no variance, so {@code last} replaces it.
   *
   * @param gradient the gradient of log p(y | z) in the variance-preserving sample z, times any
   *     guidance scale, as a function of z and sigma
   * @param last the variance of the last step in terms of z
   */
  public static Sampler ddpm(Variance variance, Denoiser.Function gradient, Variance.Last last) {
    return new Sampler(
        "ddpm(%s, classifier)".formatted(variance.name()),
        0,
        at -> {
          Estimate now = at.now();
          double here = Preconditioning.signal(at.sigma());
          double there = Preconditioning.signal(at.next());
          NDArray slope = gradient.denoise(at.x().mul(here), at.sigma());
          // The shift in x is the shift in z divided by a(sigma').
          NDArray shift =
              at.remaining() == 0
                  ? last.of(now).mul(slope)
                  : variance.times(variance.times(slope, now, at.next()), now, at.next());
          double scale = at.remaining() == 0 ? 1 / there : there;
          NDArray mean = mean(now, at.next()).add(shift.mul(scale));
          return at.to(
              at.remaining() == 0 ? mean : mean.add(variance.times(at.draw(0), now, at.next())),
              now);
        });
  }

  /**
   * DDIM, Song et al. 2021, eq. 12 and 16, divided by sqrt(alpha'):
   *
   * <pre>
   *   up = eta sqrt(sigma'^2 (sigma^2 - sigma'^2) / sigma^2)
   *   x' = K(D) + sqrt(sigma'^2 - up^2) d + up z
   * </pre>
   *
   * where K clips the prediction of x0.
   */
  private static Move ddim(Step at, double eta, Clipping kept) {
    Estimate now = at.now();
    NDArray guess = kept.operator().apply(now.denoised());
    double up = eta == 0 ? 0 : eta * up(at.sigma(), at.next());
    NDArray down = now.line(eta == 0 ? at.next() : down(at.sigma(), at.next(), eta));
    if (!kept.none()) {
      down = down.add(guess.sub(now.denoised()));
    }
    return at.to(up == 0 ? down : down.add(at.draw(0).mul(up)), now.with(guess));
  }

  /**
   * DDIM inversion, from a clean sample to the noise that produces it (Song et al. 2021, section
   * 4.3):
   *
   * <pre>  x' = K(D) + sigma' d</pre>
   *
   * For a sample without noise, the denoiser supplies the noise d as {@link Preconditioning#NOISE}.
   */
  private static Move invert(Step at, Clipping kept) {
    Estimate now = at.now();
    NDArray aside = now.aside().get(Preconditioning.NOISE);
    if (aside == null && at.sigma() == 0) {
      throw new IllegalArgumentException(
          "inversion from noise level 0 needs a denoiser that also returns the noise");
    }
    NDArray noise = aside == null ? now.slope() : aside;
    NDArray guess = kept.operator().apply(now.denoised());
    return at.to(guess.add(noise.mul(at.next())), new Estimate(at.sigma(), at.x(), guess));
  }

  /**
   * DDPM, Ho et al. 2020, Algorithm 2 with eq. 7, divided by sqrt(alpha'); the last step adds no
   * noise:
   *
   * <pre>  x' = (sigma'/sigma)^2 x + (1 - (sigma'/sigma)^2) D + std z</pre>
   */
  static Move ddpm(Step at, Variance variance, boolean last) {
    Estimate now = at.now();
    NDArray mean = mean(now, at.next());
    if (at.remaining() == 0 && !last) {
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

  /**
   * sqrt(sigma'^2 - up^2), where up is eta times {@link #up} but at most sigma', without the
   * cancellation that a very noisy sample would suffer.
   */
  static double down(double sigma, double next, double eta) {
    double r = eta * next / sigma;
    return next * Math.sqrt(Math.max(0, (1 - eta) * (1 + eta) + r * r));
  }
}
