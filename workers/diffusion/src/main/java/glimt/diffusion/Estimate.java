package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.HashMap;
import java.util.Map;

/**
 * A noisy sample x at noise level sigma, with the denoiser's guess of what is underneath.
 *
 * @param denoised D(x; sigma), shaped like x
 * @param aside what else was said with it, by name: a learned variance, the momentum of a guidance;
 *     it is kept with the estimate and saved with a checkpoint
 */
public record Estimate(double sigma, NDArray x, NDArray denoised, Map<String, NDArray> aside) {

  public Estimate {
    aside = Map.copyOf(aside);
  }

  public Estimate(double sigma, NDArray x, NDArray denoised) {
    this(sigma, x, denoised, Map.of());
  }

  /** dx/dsigma = (x - D(x; sigma)) / sigma, the noise in x (Karras et al. 2022, eq. 3). */
  public NDArray slope() {
    return x.sub(denoised).div(sigma);
  }

  /**
   * The sample at another level on the straight line through x and its guess: D + sigma' (x - D) /
   * sigma. It is x + (sigma' - sigma) dx/dsigma, written so that nothing cancels at high noise.
   */
  public NDArray line(double sigma) {
    double r = sigma / this.sigma;
    return x.mul(r).add(denoised.mul(1 - r));
  }

  /** This estimate with another guess. */
  public Estimate with(NDArray denoised) {
    return new Estimate(sigma, x, denoised, aside);
  }

  /** This estimate with one more thing set aside. */
  public Estimate aside(String name, NDArray value) {
    Map<String, NDArray> all = new HashMap<>(aside);
    all.put(name, value);
    return new Estimate(sigma, x, denoised, all);
  }
}
