package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.DoubleUnaryOperator;

/**
 * A time t and a scale s in which a sample y = s x moves from noise to data (Karras et al. 2022,
 * eq. 4 and Table 1). Solvers are exact on straight lines, so their errors depend on the
 * parametrisation in which they step. In terms of D,
 *
 * <pre>  dy/dt = keep x - pull D,  pull = s sigma&#775; / sigma,  keep = s&#775; + pull</pre>
 *
 * @param name the name that appears in sampler names
 * @param sigma sigma(t)
 * @param time t(sigma), its inverse
 * @param scale s(sigma)
 * @param keep keep(sigma)
 * @param pull pull(sigma)
 */
public record Course(
    String name,
    DoubleUnaryOperator sigma,
    DoubleUnaryOperator time,
    DoubleUnaryOperator scale,
    DoubleUnaryOperator keep,
    DoubleUnaryOperator pull) {

  /**
   * Time is sigma itself and the scale is 1, as in {@link RungeKutta#euler()} and {@link
   * RungeKutta#heun()}.
   */
  public static Course linear() {
    return new Course("linear", t -> t, s -> s, _ -> 1, s -> 1 / s, s -> 1 / s);
  }

  /** Variance exploding: sigma = sqrt(t). */
  public static Course varianceExploding() {
    DoubleUnaryOperator rate = s -> 0.5 / (s * s);
    return new Course("ve", Math::sqrt, s -> s * s, _ -> 1, rate, rate);
  }

  /**
   * Variance preserving: sigma^2 = exp(betaD t^2 / 2 + betaMin t) - 1, with the scale s = 1 /
   * sqrt(1 + sigma^2).
   */
  public static Course variancePreserving(double betaD, double betaMin) {
    Course plain = variancePreservingUnscaled(betaD, betaMin);
    return new Course(
        "vp",
        plain.sigma,
        plain.time,
        Preconditioning::signal,
        s -> plain.beta(betaD, betaMin, s) / 2 * Preconditioning.signal(s) / (s * s),
        s -> plain.pull.applyAsDouble(s) * Preconditioning.signal(s));
  }

  /** The time of {@link #variancePreserving} with scale 1. */
  public static Course variancePreservingUnscaled(double betaD, double betaMin) {
    DoubleUnaryOperator time =
        s -> (Math.sqrt(betaMin * betaMin + 2 * betaD * Math.log1p(s * s)) - betaMin) / betaD;
    DoubleUnaryOperator rate =
        s -> (betaMin + betaD * time.applyAsDouble(s)) / 2 * (1 + 1 / (s * s));
    return new Course(
        "vp unscaled",
        t -> Math.sqrt(Math.expm1(t * (betaD * t / 2 + betaMin))),
        time,
        _ -> 1,
        rate,
        rate);
  }

  /**
   * Rectified flow: y = (1 - t) x0 + t n, so sigma = t / (1 - t) and s = 1 - t (Liu et al. 2022).
   */
  public static Course flow() {
    return new Course(
        "flow", t -> t / (1 - t), s -> s / (1 + s), s -> 1 / (1 + s), s -> 1 / s, s -> (1 + s) / s);
  }

  private double beta(double betaD, double betaMin, double sigma) {
    return betaMin + betaD * time(sigma);
  }

  double sigma(double t) {
    return sigma.applyAsDouble(t);
  }

  double time(double sigma) {
    return time.applyAsDouble(sigma);
  }

  /** y = s x. */
  NDArray scaled(NDArray x, double sigma) {
    return x.mul(scale.applyAsDouble(sigma));
  }

  /** x = y / s. */
  NDArray plain(NDArray y, double sigma) {
    return y.div(scale.applyAsDouble(sigma));
  }

  /** dy/dt at an estimate. */
  NDArray slope(Estimate at) {
    double keep = this.keep.applyAsDouble(at.sigma());
    return at.x().mul(keep).sub(at.denoised().mul(pull.applyAsDouble(at.sigma())));
  }
}
