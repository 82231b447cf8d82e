package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.function.DoubleUnaryOperator;

/**
 * The conversion of a network's output F into a denoiser (Karras et al. 2022, eq. 7):
 *
 * <pre>  D(x; sigma) = c_skip(sigma) x + c_out(sigma) F(c_in(sigma) x; c_noise(sigma))</pre>
 *
 * All common parametrisations can be written as these four functions of the noise level. Those of a
 * variance-preserving network follow from its input z = a x0 + s n with a = 1 / sqrt(1 + sigma^2)
 * and s = sigma a, so that z = a x.
 *
 * @param skip c_skip
 * @param out c_out
 * @param in c_in
 * @param noise c_noise, the network's time input
 */
public record Preconditioning(
    DoubleUnaryOperator skip,
    DoubleUnaryOperator out,
    DoubleUnaryOperator in,
    DoubleUnaryOperator noise) {

  /**
   * The name of the further output of an {@link Estimate} that contains the noise at level 0, where
   * it cannot be computed from D.
   */
  public static final String NOISE = "noise";

  /**
   * The denoiser of a network that at level 0 also returns the noise as {@link #NOISE}: (x - D) /
   * sigma = (1 - c_skip) / sigma x - c_out / sigma F, which has a limit for networks that predict
   * the noise or v.
   */
  public Denoiser denoiserFromNothing(Prediction network) {
    double tiny = 1e-100;
    return (x, sigma, _) -> {
      NDArray f = network.predict(input(x, sigma), noise(sigma));
      Estimate plain = new Estimate(sigma, x, denoised(x, sigma, f));
      return sigma == 0 ? plain.aside(NOISE, f.mul(-out.applyAsDouble(tiny) / tiny)) : plain;
    };
  }

  /** The preconditioning of the same network with the opposite sign of its output. */
  public Preconditioning negated() {
    return new Preconditioning(skip, s -> -out.applyAsDouble(s), in, noise);
  }

  /**
   * The denoiser D(x; sigma) of a network. A second half of channels (axis 1), which is a learned
   * variance, is dropped.
   */
  public Denoiser denoiser(Prediction network) {
    return Denoiser.of(
        (x, sigma) -> {
          NDArray f = network.predict(input(x, sigma), noise(sigma));
          boolean doubled =
              f.getShape().dimension() > 1 && f.getShape().get(1) == 2 * x.getShape().get(1);
          return denoised(x, sigma, doubled ? f.split(2, 1).getFirst() : f);
        });
  }

  /** c_in x, the network's input. */
  public NDArray input(NDArray x, double sigma) {
    return x.mul(in.applyAsDouble(sigma));
  }

  /** c_noise, the network's time input. */
  public double noise(double sigma) {
    return noise.applyAsDouble(sigma);
  }

  /**
   * D = c_skip x + c_out F.
   *
   * @throws IllegalArgumentException if F does not have the shape of x
   */
  public NDArray denoised(NDArray x, double sigma, NDArray f) {
    if (!f.getShape().equals(x.getShape())) {
      throw new IllegalArgumentException(
          "the network's output has shape " + f.getShape() + ", but the sample " + x.getShape());
    }
    double skip = this.skip.applyAsDouble(sigma);
    NDArray answer = f.mul(out.applyAsDouble(sigma));
    return skip == 0 ? answer : x.mul(skip).add(answer);
  }

  /** The training target of F: (x0 - c_skip x) / c_out. */
  public NDArray target(NDArray x, double sigma, NDArray clean) {
    return clean.sub(x.mul(skip.applyAsDouble(sigma))).div(out.applyAsDouble(sigma));
  }

  /**
   * Karras et al. 2022, Table 1, "Ours": input, output and target have unit variance for data of
   * standard deviation sigmaData; c_noise = ln(sigma) / 4.
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

  /**
   * A variance-preserving network that predicts the noise: x0 = (z - s eps) / a (Ho et al. 2020).
   *
   * @param time maps a noise level to the network's time input
   */
  public static Preconditioning epsilon(DoubleUnaryOperator time) {
    return new Preconditioning(_ -> 1, s -> -s, Preconditioning::signal, time);
  }

  /**
   * A network that answers the noise and knows whole times alone: it is asked at, and believed for,
   * the level of the chain at or below sigma (Point-E, Nichol et al. 2022).
   */
  public static Preconditioning epsilonOfWholeTimes(Chain chain) {
    DoubleUnaryOperator fractional = chain.timeByAbar();
    DoubleUnaryOperator time = s -> Math.floor(fractional.applyAsDouble(s));
    DoubleUnaryOperator below = s -> chain.sigma((int) time.applyAsDouble(s));
    return new Preconditioning(
        s -> signal(s) / signal(below.applyAsDouble(s)),
        s -> -below.applyAsDouble(s),
        Preconditioning::signal,
        time);
  }

  /** A variance-preserving network that answers x0 itself. */
  public static Preconditioning sample(DoubleUnaryOperator time) {
    return new Preconditioning(_ -> 0, _ -> 1, Preconditioning::signal, time);
  }

  /**
   * A variance-preserving network that predicts v = a eps - s x0 (Salimans and Ho 2022, section 4).
   */
  public static Preconditioning velocity(DoubleUnaryOperator time) {
    return new Preconditioning(
        s -> 1 / (1 + s * s), s -> -s * signal(s), Preconditioning::signal, time);
  }

  /**
   * A flow-matching network, z = (1 - t) x0 + t n with t = sigma / (1 + sigma), that predicts n -
   * x0 (Liu et al. 2022, eq. 1; Esser et al. 2024).
   */
  public static Preconditioning flow(DoubleUnaryOperator time) {
    return new Preconditioning(s -> 1 / (1 + s), s -> -s / (1 + s), s -> 1 / (1 + s), time);
  }

  /**
   * A network that takes x unscaled and predicts the score, (D - x) / sigma^2 (Song et al. 2021,
   * variance exploding).
   */
  public static Preconditioning score(DoubleUnaryOperator time) {
    return new Preconditioning(_ -> 1, s -> s * s, _ -> 1, time);
  }

  /**
   * EDM preconditioning shifted so that D is the identity at sigmaMin, the boundary condition of
   * consistency models (Song et al. 2023, eq. 5 and appendix C).
   */
  public static Preconditioning consistency(
      double sigmaData, double sigmaMin, DoubleUnaryOperator time) {
    double d2 = sigmaData * sigmaData;
    return new Preconditioning(
        s -> d2 / ((s - sigmaMin) * (s - sigmaMin) + d2),
        s -> (s - sigmaMin) * sigmaData / Math.sqrt(s * s + d2),
        s -> 1 / Math.sqrt(s * s + d2),
        time);
  }

  /**
   * The consistency function of a latent consistency model, computed from predictions D with this
   * preconditioning and the discrete time t (Luo et al. 2023, section 4.1):
   *
   * <pre>
   *   f = c_skip z + c_out D,  c_skip = d^2 / (k^2 + d^2),  c_out = k / sqrt(k^2 + d^2),  k = scaling t
   * </pre>
   *
   * @param guesses the denoiser D, which may clip its predictions
   * @param scaling the scaling of t, 10 in the paper's code
   * @param data the standard deviation of the data d, 0.5 in the paper
   */
  public Denoiser latentConsistency(Denoiser guesses, double scaling, double data) {
    return (x, sigma, before) -> {
      Estimate now = guesses.estimate(x, sigma, before);
      double k = scaling * noise(sigma);
      double z = data * data / (k * k + data * data);
      NDArray straight = now.denoised().mul(k / Math.hypot(k, data));
      return now.with(x.mul(z * in.applyAsDouble(sigma)).add(straight));
    };
  }

  /** a(sigma) = 1 / sqrt(1 + sigma^2), the factor of x0 in a variance-preserving sample. */
  public static double signal(double sigma) {
    return 1 / Math.hypot(1, sigma);
  }

  /**
   * The denoiser of a network whose second half of channels (axis 1) is a learned variance, which
   * the denoiser returns as {@link Variance#LEARNED} (Nichol and Dhariwal 2021, section 3.1).
   */
  public Denoiser denoiserWithVariance(Prediction network) {
    return (x, sigma, _) -> {
      NDList halves = network.predict(input(x, sigma), noise(sigma)).split(2, 1);
      return new Estimate(sigma, x, denoised(x, sigma, halves.get(0)))
          .aside(Variance.LEARNED, halves.get(1));
    };
  }
}
