package glimt.model;

/**
 * How one level is sampled: which sampler walks down which noise levels.
 *
 * @param sampler by the name users know, such as {@code euler} or {@code dpmpp_2m}
 * @param steps how many
 * @param guidance 1 is the conditional; the weight w of Ho and Salimans 2022, in the form D0 + w
 *     (Dc - D0)
 * @param sigmaMin the last noise level above 0
 * @param sigmaMax the first
 * @param rho how the levels are spaced (Karras et al. 2022, eq. 5)
 */
public record Sampling(
    String sampler, int steps, double guidance, double sigmaMin, double sigmaMax, double rho) {
  public Sampling {
    if (steps < 1 || !(guidance >= 0) || !(sigmaMin > 0) || !(sigmaMax > sigmaMin) || !(rho > 0)) {
      throw new IllegalArgumentException(
          "sampling needs steps >= 1, guidance >= 0, 0 < sigmaMin < sigmaMax and rho > 0");
    }
  }
}
