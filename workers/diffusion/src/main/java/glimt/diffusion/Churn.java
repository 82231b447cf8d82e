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

  /**
   * Heun's method in the time t of a flow, with the noise added after the network call, as in
   * diffusers: with z = (1 - t) x0 + t n,
   *
   * <pre>
   *   t^  = t + gamma t,  gamma = min(S_churn / (2 N - 1), sqrt(2) - 1)  where S_tmin &lt;= t &lt;= S_tmax
   *   z^  = z + sqrt(t^^2 - t^2) S_noise e
   *   z_e = z^ + (t' - t^) (t/t^) F(z; t)
   *   z'  = z^ + (t' - t^) ((t/t^) F(z; t) + F(z_e; t')) / 2
   * </pre>
   *
   * The last step is Euler's.
   */
  public Sampler heunOfFlow() {
    return new Sampler(
        "heun(flow, churn after=%s in [%s, %s], noise=%s)".formatted(churn, min, max, noise),
        0,
        this::heunOfFlow);
  }

  private Move heunOfFlow(Step at) {
    double t = Frame.FLOW.scale(at.sigma()) * at.sigma();
    double next = Frame.FLOW.scale(at.next()) * at.next();
    double gamma =
        t < min || t > max ? 0 : Math.min(churn / (2. * at.steps() - 1), Math.sqrt(2) - 1);
    double high = t + gamma * t;
    Estimate now = at.now();
    NDArray z = Frame.FLOW.leave(at.x(), at.sigma());
    NDArray slope = z.sub(now.denoised()).div(high);
    if (gamma > 0) {
      z = z.add(at.draw(0).mul(Math.sqrt(high * high - t * t) * noise));
    }
    NDArray euler = Frame.FLOW.enter(z.add(slope.mul(next - high)), at.next());
    if (next == 0) {
      return at.to(euler, now);
    }
    Estimate ahead = at.estimate(euler, at.next());
    NDArray there = Frame.FLOW.leave(euler, at.next()).sub(ahead.denoised()).div(next);
    NDArray end = z.add(slope.add(there).mul((next - high) / 2));
    return at.to(Frame.FLOW.enter(end, at.next()), now);
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
