package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.HashMap;
import java.util.Map;

/**
 * A noisy sample and the denoiser's prediction of the clean sample.
 *
 * @param sigma the noise level of x
 * @param x the noisy sample, [B, ...]
 * @param denoised D(x; sigma), of the shape of x
 * @param aside further outputs by name, such as a learned variance or the momentum of a guidance;
 *     they are saved with checkpoints
 */
public record Estimate(double sigma, NDArray x, NDArray denoised, Map<String, NDArray> aside) {

  public Estimate {
    aside = Map.copyOf(aside);
  }

  /** An estimate without further outputs. */
  public Estimate(double sigma, NDArray x, NDArray denoised) {
    this(sigma, x, denoised, Map.of());
  }

  /** dx/dsigma = (x - D(x; sigma)) / sigma, the noise in x (Karras et al. 2022, eq. 3). */
  public NDArray slope() {
    return x.sub(denoised).div(sigma);
  }

  /**
   * The point at another noise level on the straight line through x and D: D + sigma' (x - D) /
   * sigma. This equals x + (sigma' - sigma) dx/dsigma, in a form without cancellation at high
   * noise.
   */
  public NDArray line(double sigma) {
    double r = sigma / this.sigma;
    return x.mul(r).add(denoised.mul(1 - r));
  }

  /** This estimate with another prediction of the clean sample. */
  public Estimate with(NDArray denoised) {
    return new Estimate(sigma, x, denoised, aside);
  }

  /** This estimate with one more output. */
  public Estimate aside(String name, NDArray value) {
    Map<String, NDArray> all = new HashMap<>(aside);
    all.put(name, value);
    return new Estimate(sigma, x, denoised, all);
  }
}
