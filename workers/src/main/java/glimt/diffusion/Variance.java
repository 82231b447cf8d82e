package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.DoubleBinaryOperator;

/**
 * How wide a step of DDPM scatters. The two fixed choices bound the true variance of the reverse
 * step (Ho et al. 2020, section 3.2); both are given in these coordinates, divided by alpha'.
 */
public interface Variance {

  /** As it appears in a sampler's name. */
  String name();

  /**
   * Noise of this width.
   *
   * @param z what is multiplied by the standard deviation of x', shaped like x
   * @param next the level of x'
   */
  NDArray times(NDArray z, Estimate now, double next);

  /** beta~, the variance of the posterior given x0: the lower bound. */
  static double small(double sigma, double next) {
    double up = Ancestral.up(sigma, next);
    return up * up;
  }

  /** beta, the variance of the forward step: the upper bound. */
  static double large(double sigma, double next) {
    double after = 1 + next * next;
    return after * (sigma - next) * (sigma + next) / (1 + sigma * sigma);
  }

  /** The posterior's variance. */
  static Variance small() {
    return fixed("small", (sigma, next) -> Math.sqrt(small(sigma, next)));
  }

  /** The forward step's variance. */
  static Variance large() {
    return fixed("large", (sigma, next) -> Math.sqrt(large(sigma, next)));
  }

  /**
   * A mixture of both deviations: the flexibility of Luo and Hu 2021's point-cloud sampler.
   *
   * @param flexibility 0 is small, 1 is large
   */
  static Variance mixed(double flexibility) {
    return fixed(
        "mixed " + flexibility,
        (sigma, next) ->
            flexibility * Math.sqrt(large(sigma, next))
                + (1 - flexibility) * Math.sqrt(small(sigma, next)));
  }

  /**
   * Learned between the two, in the logarithm: Nichol and Dhariwal 2021, eq. 15. The denoiser sets
   * {@link #LEARNED} aside, in [-1, 1]: -1 is small, 1 is large.
   */
  static Variance learned() {
    return new Variance() {
      @Override
      public String name() {
        return "learned";
      }

      @Override
      public NDArray times(NDArray z, Estimate now, double next) {
        NDArray v = now.aside().get(LEARNED);
        if (v == null) {
          throw new IllegalArgumentException("this denoiser has learned no variance");
        }
        double low = Math.log(small(now.sigma(), next));
        double high = Math.log(large(now.sigma(), next));
        return z.mul(v.add(1).mul((high - low) / 4).add(low / 2).exp());
      }
    };
  }

  /** The name under which a denoiser sets a learned variance aside, shaped like x. */
  String LEARNED = "variance";

  private static Variance fixed(String name, DoubleBinaryOperator deviation) {
    return new Variance() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public NDArray times(NDArray z, Estimate now, double next) {
        return z.mul(deviation.applyAsDouble(now.sigma(), next));
      }
    };
  }
}
