package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Adds noise before each step, Karras et al. 2022, Algorithm 2, lines 4-6:
 *
 * <pre>
 *   gamma   = min(S_churn / N, sqrt(2) - 1)  where S_tmin &lt;= sigma &lt;= S_tmax, else 0
 *   sigma^  = sigma + gamma sigma
 *   x^      = x + sqrt(sigma^^2 - sigma^2) S_noise z
 * </pre>
 *
 * @param churn S_churn; 0 adds none
 * @param min S_tmin
 * @param max S_tmax
 * @param noise S_noise
 */
public record Churn(double churn, double min, double max, double noise) {

  public Churn {
    if (!(churn >= 0 && min <= max && noise > 0)) {
      throw new IllegalArgumentException(
          "churn must not be negative, its interval not empty and its noise positive, not %s on [%s, %s] with noise %s"
              .formatted(churn, min, max, noise));
    }
  }

  /** The sampler with noise added before each of its steps. */
  public Sampler before(Sampler sampler) {
    return new Sampler(
        "%s(churn=%s in [%s, %s], noise=%s)".formatted(sampler.name(), churn, min, max, noise),
        sampler.history(),
        at -> sampler.step(lift(at)));
  }

  /**
   * Euler's method with the noise added after the network call, as in diffusers: the output F for x
   * is interpreted as the output for x^.
   *
   * <pre>  D^ = c_skip x^ + c_out F,  x' = D^ + (sigma'/sigma^) (x^ - D^)</pre>
   *
   * @param terms the preconditioning of the network
   * @param lifted whether c_skip and c_out are evaluated at sigma^ instead of sigma
   */
  public Sampler after(Preconditioning terms, boolean lifted) {
    return new Sampler(
        "euler(churn after=%s in [%s, %s], noise=%s)".formatted(churn, min, max, noise),
        0,
        at -> {
          Estimate now = at.now();
          Step up = lift(at);
          NDArray answer = terms.target(now.x(), now.sigma(), now.denoised());
          double read = lifted ? up.sigma() : at.sigma();
          Estimate high = new Estimate(up.sigma(), up.x(), terms.denoised(up.x(), read, answer));
          return up.to(high.line(at.next()), now);
        });
  }

  private Step lift(Step at) {
    double sigma = at.sigma();
    double gamma = sigma < min || sigma > max ? 0 : Math.min(churn / at.steps(), Math.sqrt(2) - 1);
    if (gamma == 0) {
      return at;
    }
    double lifted = sigma + gamma * sigma;
    double added = Math.sqrt(lifted * lifted - sigma * sigma) * noise;
    return at.from(at.x().add(at.draw(0).mul(added)), lifted);
  }
}
