package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.DoubleBinaryOperator;

/**
 * The variance of a DDPM step. The two fixed choices bound the true variance of the reverse step
 * (Ho et al. 2020, section 3.2); both are given in the coordinates of this package, divided by
 * alpha'.
 */
public interface Variance {

  /** The name that appears in sampler names. */
  String name();

  /**
   * Multiplies noise by the standard deviation of this variance.
   *
   * @param z standard normals of the shape of x
   * @param now the estimate of the step
   * @param next the level of x'
   */
  NDArray times(NDArray z, Estimate now, double next);

  /**
   * The logarithm of the variance, of the shape of x.
   *
   * @param low the logarithm of the smaller fixed variance
   * @param high the logarithm of the larger fixed variance
   */
  NDArray logBetween(double low, double high, Estimate now);

  /**
   * The smallest variance, in variance-preserving coordinates, which keeps its logarithm finite.
   */
  double LEAST = 1e-20;

  /**
   * {@link #logBetween} for the chain's last step, which has no posterior variance; {@code low} is
   * that of the previous step.
   */
  default NDArray logOfLast(double low, double high, Estimate now) {
    return logBetween(low, high, now);
  }

  /** beta~, the variance of the posterior given x0, which is the lower bound. */
  static double small(double sigma, double next) {
    double up = Ancestral.up(sigma, next);
    return Math.max(up * up, LEAST * (1 + next * next));
  }

  /** beta, the variance of the forward step, which is the upper bound. */
  static double large(double sigma, double next) {
    double after = 1 + next * next;
    return after * (sigma - next) * (sigma + next) / (1 + sigma * sigma);
  }

  /** The variance of the posterior given x0. */
  static Variance small() {
    return fixed("small", (small, _) -> small);
  }

  /**
   * The variance of the forward step; for the chain's last step, the small variance of the previous
   * step.
   */
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
   * A mixture of both standard deviations, the flexibility of the point-cloud sampler of Luo and Hu
   * 2021.
   *
   * @param flexibility 0 is small, 1 is large
   */
  static Variance mixed(double flexibility) {
    return fixed(
        "mixed " + flexibility, (small, large) -> flexibility * large + (1 - flexibility) * small);
  }

  /**
   * A learned interpolation between the logarithms of both (Nichol and Dhariwal 2021, eq. 15). The
   * denoiser returns {@link #LEARNED} in [-1, 1], where -1 is small and 1 is large.
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
   * A learned variance in variance-preserving coordinates ("learned" in diffusers), which the
   * denoiser returns as {@link #LEARNED}.
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
      throw new IllegalArgumentException(
          "this sampler needs a network that predicts a variance; use a fixed variance instead");
    }
    return v;
  }

  /** The variance of the last step, of the shape of x. */
  @FunctionalInterface
  interface Last {
    /** The variance for an estimate. */
    NDArray of(Estimate now);
  }

  /**
   * The name of the learned variance, of the shape of x, among the further outputs of an estimate.
   */
  String LEARNED = "variance";

  /** A variance whose standard deviation is a function of the small and the large one. */
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
