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

  /**
   * The logarithm of the variance between two logarithms, shaped like x.
   *
   * @param low of the smaller of the two fixed variances
   * @param high of the larger
   */
  NDArray logBetween(double low, double high, Estimate now);

  /** The least variance, in variance-preserving terms, so that it has a logarithm. */
  double LEAST = 1e-20;

  /**
   * {@link #logBetween} of the chain's last step, which has no variance given x0: low is that of
   * the step before.
   */
  default NDArray logOfLast(double low, double high, Estimate now) {
    return logBetween(low, high, now);
  }

  /** beta~, the variance of the posterior given x0: the lower bound. */
  static double small(double sigma, double next) {
    double up = Ancestral.up(sigma, next);
    return Math.max(up * up, LEAST * (1 + next * next));
  }

  /** beta, the variance of the forward step: the upper bound. */
  static double large(double sigma, double next) {
    double after = 1 + next * next;
    return after * (sigma - next) * (sigma + next) / (1 + sigma * sigma);
  }

  /** The posterior's variance. */
  static Variance small() {
    return fixed("small", (small, _) -> small);
  }

  /** The forward step's variance; for the chain's last step the small one of the step before. */
  static Variance large() {
    Variance large = fixed("large", (_, wide) -> wide);
    return new Variance() {
      @Override
      public String name() {
        return large.name();
      }

      @Override
      public NDArray times(NDArray z, Estimate now, double next) {
        return large.times(z, now, next);
      }

      @Override
      public NDArray logBetween(double low, double high, Estimate now) {
        return large.logBetween(low, high, now);
      }

      @Override
      public NDArray logOfLast(double low, double high, Estimate now) {
        return large.logBetween(low, low, now);
      }
    };
  }

  /**
   * A mixture of both deviations: the flexibility of Luo and Hu 2021's point-cloud sampler.
   *
   * @param flexibility 0 is small, 1 is large
   */
  static Variance mixed(double flexibility) {
    return fixed(
        "mixed " + flexibility, (small, large) -> flexibility * large + (1 - flexibility) * small);
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
        double low = Math.log(small(now.sigma(), next));
        double high = Math.log(large(now.sigma(), next));
        return z.mul(logBetween(low, high, now).div(2).exp());
      }

      @Override
      public NDArray logBetween(double low, double high, Estimate now) {
        return said(now).add(1).mul((high - low) / 2).add(low);
      }
    };
  }

  /**
   * What the network says, outright, in variance-preserving terms ("learned" in diffusers). The
   * denoiser sets {@link #LEARNED} aside.
   */
  static Variance outright() {
    return new Variance() {
      @Override
      public String name() {
        return "outright";
      }

      @Override
      public NDArray times(NDArray z, Estimate now, double next) {
        return z.mul(said(now).sqrt().mul(Math.hypot(1, next)));
      }

      @Override
      public NDArray logBetween(double low, double high, Estimate now) {
        return said(now).log();
      }
    };
  }

  private static NDArray said(Estimate now) {
    NDArray v = now.aside().get(LEARNED);
    if (v == null) {
      throw new IllegalArgumentException("this denoiser has learned no variance");
    }
    return v;
  }

  /** The variance of a last step, shaped like x. */
  @FunctionalInterface
  interface Last {
    NDArray of(Estimate now);
  }

  /** The name under which a denoiser sets a learned variance aside, shaped like x. */
  String LEARNED = "variance";

  /** A deviation from the small and the large one. */
  private static Variance fixed(String name, DoubleBinaryOperator deviation) {
    return new Variance() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public NDArray times(NDArray z, Estimate now, double next) {
        double low = Math.sqrt(small(now.sigma(), next));
        return z.mul(deviation.applyAsDouble(low, Math.sqrt(large(now.sigma(), next))));
      }

      @Override
      public NDArray logBetween(double low, double high, Estimate now) {
        double wide = deviation.applyAsDouble(Math.exp(low / 2), Math.exp(high / 2));
        return now.x().zerosLike().add(2 * Math.log(wide));
      }
    };
  }
}
