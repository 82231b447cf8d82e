package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * D(x; sigma): the expected clean sample x0, given a sample x with noise of standard deviation
 * sigma.
 */
@FunctionalInterface
public interface Denoiser {

  /**
   * Estimates the clean sample.
   *
   * @param x the noisy sample x0 + sigma n, [B, ...]
   * @param before the estimate of the previous step, or null in the first step; only guidance with
   *     momentum uses it
   */
  Estimate estimate(NDArray x, double sigma, @Nullable Estimate before);

  /** A denoiser that returns only D. */
  static Denoiser of(Function denoise) {
    return (x, sigma, _) -> new Estimate(sigma, x, denoise.denoise(x, sigma));
  }

  /** A function from (x, sigma) to an array of the shape of x. */
  @FunctionalInterface
  interface Function {
    /** Evaluates the function. */
    NDArray denoise(NDArray x, double sigma);
  }

  /** This denoiser with {@code change} applied to every prediction of x0, for example clamping. */
  default Denoiser then(UnaryOperator<NDArray> change) {
    return (x, sigma, before) -> {
      Estimate plain = estimate(x, sigma, before);
      return plain.with(change.apply(plain.denoised()));
    };
  }

  /**
   * This denoiser for noise levels in (low, high], another one elsewhere. Guidance in a limited
   * interval (Kynkäänniemi et al. 2024) uses the guided denoiser within and the conditional one
   * elsewhere.
   */
  default Denoiser within(double low, double high, Denoiser elsewhere) {
    return (x, sigma, before) ->
        (sigma > low && sigma <= high ? this : elsewhere).estimate(x, sigma, before);
  }

  /**
   * Classifier guidance (Dhariwal and Nichol 2021, Algorithm 2; Song et al. 2021, section 5): the
   * classifier's gradient is added to the score, so sigma^2 times the gradient is added to D.
   *
   * @param gradient the gradient of log p(y | x) with respect to x, times any guidance scale
   */
  default Denoiser towards(Function gradient) {
    return (x, sigma, before) -> {
      Estimate plain = estimate(x, sigma, before);
      return plain.with(plain.denoised().add(gradient.denoise(x, sigma).mul(sigma * sigma)));
    };
  }
}
