package glimt.diffusion;

/**
 * Noise added before each step, Karras et al. 2022, Algorithm 2, lines 4-6:
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
          "churn %s on [%s, %s] with noise %s".formatted(churn, min, max, noise));
    }
  }

  /** A sampler that churns before each of its steps. */
  public Sampler before(Sampler sampler) {
    return new Sampler(
        "%s(churn=%s in [%s, %s], noise=%s)".formatted(sampler.name(), churn, min, max, noise),
        sampler.history(),
        at -> sampler.step(lift(at)));
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
