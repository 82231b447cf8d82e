package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.DoubleUnaryOperator;

/**
 * How a network's answer becomes a denoiser (Karras et al. 2022, eq. 7):
 *
 * <pre>  D(x; sigma) = c_skip(sigma) x + c_out(sigma) F(c_in(sigma) x; c_noise(sigma))</pre>
 *
 * Every parametrisation in the field is four functions of the noise level. Those of a
 * variance-preserving network follow from its input z = a x0 + s n with a = 1 / sqrt(1 + sigma^2) and s
 * = sigma a, so that z = a x.
 */
public record Preconditioning(
    DoubleUnaryOperator skip,
    DoubleUnaryOperator out,
    DoubleUnaryOperator in,
    DoubleUnaryOperator noise) {

  /** D(x; sigma) by this network. */
  public Denoiser denoiser(Prediction network) {
    return Denoiser.of(
        (x, sigma) -> denoised(x, sigma, network.predict(input(x, sigma), noise(sigma))));
  }

  /** c_in x: what the network is handed. */
  public NDArray input(NDArray x, double sigma) {
    return x.mul(in.applyAsDouble(sigma));
  }

  /** c_noise: the network's name for the level. */
  public double noise(double sigma) {
    return noise.applyAsDouble(sigma);
  }

  /** c_skip x + c_out F. */
  public NDArray denoised(NDArray x, double sigma, NDArray f) {
    if (!f.getShape().equals(x.getShape())) {
      throw new IllegalArgumentException(
          "the network answered " + f.getShape() + " to a sample " + x.getShape());
    }
    double skip = this.skip.applyAsDouble(sigma);
    NDArray answer = f.mul(out.applyAsDouble(sigma));
    return skip == 0 ? answer : x.mul(skip).add(answer);
  }

  /** The F that a perfect network would answer: (x0 - c_skip x) / c_out, the target of training. */
  public NDArray target(NDArray x, double sigma, NDArray clean) {
    return clean.sub(x.mul(skip.applyAsDouble(sigma))).div(out.applyAsDouble(sigma));
  }

  /**
   * Karras et al. 2022, Table 1, "Ours": unit variance in, out and in the target for data of standard
   * deviation sigmaData; c_noise = ln(sigma) / 4.
   */
  public static Preconditioning edm(double sigmaData) {
    if (!(sigmaData > 0) || Double.isInfinite(sigmaData)) {
      throw new IllegalArgumentException("sigma_data must be positive, not " + sigmaData);
    }
    double d2 = sigmaData * sigmaData;
    return new Preconditioning(
        s -> d2 / (s * s + d2),
        s -> s * sigmaData / Math.sqrt(s * s + d2),
        s -> 1 / Math.sqrt(s * s + d2),
        s -> Math.log(s) / 4);
  }
}
