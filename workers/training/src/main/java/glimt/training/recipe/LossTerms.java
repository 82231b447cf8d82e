package glimt.training.recipe;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.diffusion.Preconditioning;

/**
 * The quantity whose squared error is the training loss.
 *
 * <p>Denoising score matching regresses on the score of the noise alone, whose expectation is the
 * score of the noisy data (Vincent 2011, eq. 11). Every parametrisation expresses D by its own F, D
 * = c_skip x + c_out F, so that its squared error is
 *
 * <pre>  |F - (x0 - c_skip x) / c_out|^2  =  |D - x0|^2 / c_out(sigma)^2</pre>
 *
 * and all have the same minimum but weight noise levels differently. With x = x0 + sigma n, a = 1 /
 * sqrt(1 + sigma^2) and s = sigma a:
 */
public enum LossTerms {
  /**
   * (sigma^2 + d^2) / (sigma d)^2 |D - x0|^2: the target has unit variance at every level (Karras
   * et al. 2022, Table 1 and eq. 8).
   */
  @JsonProperty("edm")
  EDM,

  /** |eps - n|^2 = |D - x0|^2 / sigma^2 (Ho et al. 2020, eq. 14). */
  @JsonProperty("eps")
  EPSILON,

  /** |D - x0|^2 (Ramesh et al. 2022; Salimans and Ho 2022, section 4). */
  @JsonProperty("x0")
  SAMPLE,

  /**
   * |v - (a n - s x0)|^2 = (1 + 1 / sigma^2) |D - x0|^2, "SNR + 1" (Salimans and Ho 2022, section
   * 4).
   */
  @JsonProperty("v")
  VELOCITY,

  /** |score + n / sigma|^2 = |D - x0|^2 / sigma^4 (Song and Ermon 2019, eq. 2, unweighted). */
  @JsonProperty("score")
  SCORE;

  /**
   * The factor by which EDM's squared error of F must be multiplied at a noise level to give this
   * loss.
   *
   * @param sigma the noise level
   * @param sigmaData the standard deviation of the samples
   */
  public double weight(double sigma, double sigmaData) {
    double ours = out(Preconditioning.edm(sigmaData), sigma);
    double theirs = out(preconditioning(sigmaData), sigma);
    return ours * ours / (theirs * theirs);
  }

  private Preconditioning preconditioning(double sigmaData) {
    return switch (this) {
      case EDM -> Preconditioning.edm(sigmaData);
      case EPSILON -> Preconditioning.epsilon(LossTerms::unnamed);
      case SAMPLE -> Preconditioning.sample(LossTerms::unnamed);
      case VELOCITY -> Preconditioning.velocity(LossTerms::unnamed);
      case SCORE -> Preconditioning.score(LossTerms::unnamed);
    };
  }

  private static double out(Preconditioning terms, double sigma) {
    return terms.out().applyAsDouble(sigma);
  }

  /** A placeholder for the network's time input, which is not needed here. */
  private static double unnamed(double sigma) {
    throw new IllegalStateException("no network is evaluated at level " + sigma);
  }
}
