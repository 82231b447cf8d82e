package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.DoubleUnaryOperator;

/**
 * Samplers for consistency models, which predict the end of the ODE directly: each step jumps to
 * the data and returns to a lower noise level with fresh noise.
 */
public final class Consistency {
  private Consistency() {}

  /**
   * {@link #jump(Step, double)} as a sampler; with sigmaMin 0 it is the LCM sampler (Luo et al.
   * 2023, Algorithm 3), also for flow matching.
   *
   * @param sigmaMin the level at which the consistency function is the identity
   */
  public static Sampler of(double sigmaMin) {
    if (!(sigmaMin >= 0)) {
      throw new IllegalArgumentException("sigma_min must not be negative, but is " + sigmaMin);
    }
    String name = sigmaMin == 0 ? "lcm" : "consistency(sigma_min=%s)".formatted(sigmaMin);
    return new Sampler(name, 0, at -> jump(at, sigmaMin));
  }

  /**
   * {@link #tcd(Step, double, DoubleUnaryOperator)} as a sampler.
   *
   * @param gamma 0 is deterministic, 1 is nearly the multistep consistency sampler
   * @param partial maps sigma' to the level s in (0, sigma'] at time (1 - gamma) t', in the time
   *     units of the network
   */
  public static Sampler tcd(double gamma, DoubleUnaryOperator partial) {
    if (!(gamma >= 0 && gamma <= 1)) {
      throw new IllegalArgumentException("gamma must be between 0 and 1, not " + gamma);
    }
    return new Sampler("tcd(gamma=%s)".formatted(gamma), 0, at -> tcd(at, gamma, partial));
  }

  /**
   * Multistep consistency sampling, Song et al. 2023, Algorithm 1:
   *
   * <pre>  x' = D + sqrt(sigma'^2 - sigma_min^2) z</pre>
   */
  static Move jump(Step at, double sigmaMin) {
    Estimate now = at.now();
    double up = Math.sqrt(Math.max(0, at.next() * at.next() - sigmaMin * sigmaMin));
    NDArray d = now.denoised();
    return at.to(up == 0 ? d.duplicate() : d.add(at.draw(0).mul(up)), now);
  }

  /**
   * Strategic stochastic sampling of trajectory consistency distillation, Zheng et al. 2024,
   * Algorithm 4: it follows the ODE to a level s below the next, then adds noise:
   *
   * <pre>  x' = D + s d + sqrt(sigma'^2 - s^2) z</pre>
   */
  static Move tcd(Step at, double gamma, DoubleUnaryOperator partial) {
    Estimate now = at.now();
    if (gamma == 0 || at.next() == 0) {
      return at.to(now.line(at.next()), now);
    }
    double s = partial.applyAsDouble(at.next());
    double up = Math.sqrt((at.next() - s) * (at.next() + s));
    return at.to(up == 0 ? now.line(s) : now.line(s).add(at.draw(0).mul(up)), now);
  }
}
