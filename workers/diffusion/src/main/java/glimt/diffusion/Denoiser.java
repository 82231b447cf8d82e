package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * D(x; sigma): the best guess of the clean sample hidden in x, which carries noise of standard
 * deviation sigma.
 */
@FunctionalInterface
public interface Denoiser {

  /**
   * Estimates what is under x.
   *
   * @param x [B, ...], x0 + sigma n
   * @param before the estimate of the step before, or null on the first; only a guidance with
   *     momentum looks at it
   */
  Estimate estimate(NDArray x, double sigma, @Nullable Estimate before);

  /** A denoiser that says nothing but D. */
  static Denoiser of(Function denoise) {
    return (x, sigma, _) -> new Estimate(sigma, x, denoise.denoise(x, sigma));
  }

  /** (x, sigma) to D(x; sigma). */
  @FunctionalInterface
  interface Function {
    NDArray denoise(NDArray x, double sigma);
  }

  /** This denoiser with every guess changed by {@code change}, e.g. clamped to a range. */
  default Denoiser then(UnaryOperator<NDArray> change) {
    return (x, sigma, before) -> {
      Estimate plain = estimate(x, sigma, before);
      return plain.with(change.apply(plain.denoised()));
    };
  }

  /**
   * This denoiser for levels in (low, high], another one elsewhere: guidance in a limited interval
   * (Kynkäänniemi et al. 2024) is a guided denoiser within, the conditional one elsewhere.
   */
  default Denoiser within(double low, double high, Denoiser elsewhere) {
    return (x, sigma, before) ->
        (sigma > low && sigma <= high ? this : elsewhere).estimate(x, sigma, before);
  }

  /**
   * Classifier guidance (Dhariwal and Nichol 2021, Algorithm 2; Song et al. 2021, section 5): the
   * score gains the classifier's gradient, so D gains sigma^2 times it.
   *
   * @param gradient of log p(y | x) in x, times any guidance scale
   */
  default Denoiser towards(Function gradient) {
    return (x, sigma, before) -> {
      Estimate plain = estimate(x, sigma, before);
      return plain.with(plain.denoised().add(gradient.denoise(x, sigma).mul(sigma * sigma)));
    };
  }
}
