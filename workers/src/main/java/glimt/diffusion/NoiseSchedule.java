package glimt.diffusion;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * The noise levels a walk visits: strictly decreasing, finite, one more than there are steps, and the
 * last is 0 unless the walk stops early.
 */
public final class NoiseSchedule {

  /**
   * The level that stands for no signal at all, which has no finite sigma: zero terminal SNR (Lin et
   * al. 2023), and time 1 of flow matching. Sampling from it differs from the limit by 1e-12.
   */
  public static final double NO_SIGNAL = 1e12;

  private final double[] sigmas;

  private NoiseSchedule(double[] sigmas) {
    this.sigmas = sigmas;
  }

  /**
   * A schedule of these levels.
   *
   * @throws IllegalArgumentException for fewer than two levels, or levels that are not finite, not
   *     strictly decreasing or below 0
   */
  public static NoiseSchedule of(double... sigmas) {
    if (sigmas.length < 2) {
      throw new IllegalArgumentException("a schedule needs at least one step");
    }
    for (int i = 0; i < sigmas.length; i++) {
      boolean falls = i == 0 || sigmas[i] < sigmas[i - 1];
      if (!Double.isFinite(sigmas[i]) || sigmas[i] < 0 || !falls) {
        throw new IllegalArgumentException(
            "noise levels must be finite, strictly decreasing and not below 0, but sigma %d is %s after %s"
                .formatted(i, sigmas[i], i == 0 ? "nothing" : sigmas[i - 1]));
      }
    }
    return new NoiseSchedule(sigmas.clone());
  }

  /** Karras et al. 2022, eq. 5: equal steps in sigma^(1/rho), then 0. The paper's rho is 7. */
  public static NoiseSchedule karras(int steps, double sigmaMin, double sigmaMax, double rho) {
    double high = Math.pow(sigmaMax, 1 / rho);
    double low = Math.pow(sigmaMin, 1 / rho);
    return ramp(steps, sigmaMin, sigmaMax, u -> Math.pow(high + u * (low - high), rho));
  }

  /** Equal steps in log sigma, then 0: equal steps of half the log-SNR. */
  public static NoiseSchedule exponential(int steps, double sigmaMin, double sigmaMax) {
    return polyexponential(steps, sigmaMin, sigmaMax, 1);
  }

  /** Steps in log sigma along a ramp of power rho, then 0 (k-diffusion, 2022); rho 1 is exponential. */
  public static NoiseSchedule polyexponential(
      int steps, double sigmaMin, double sigmaMax, double rho) {
    double high = Math.log(sigmaMax);
    double low = Math.log(sigmaMin);
    return ramp(
        steps, sigmaMin, sigmaMax, u -> Math.exp(Math.pow(1 - u, rho) * (high - low) + low));
  }

  /** Levels at u = 0 ... 1, one for each step, then 0. */
  private static NoiseSchedule ramp(
      int steps, double sigmaMin, double sigmaMax, DoubleUnaryOperator sigma) {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, not " + steps);
    }
    if (!(sigmaMin > 0 && sigmaMin < sigmaMax)) {
      throw new IllegalArgumentException(
          "sigma_min %s must lie between 0 and sigma_max %s".formatted(sigmaMin, sigmaMax));
    }
    double[] sigmas = new double[steps + 1];
    for (int i = 0; i < steps; i++) {
      sigmas[i] = sigma.applyAsDouble(steps == 1 ? 0 : (double) i / (steps - 1));
    }
    return of(sigmas);
  }

  /** Levels of flow matching, t from 1 to 0: sigma = t / (1 - t), and {@link #NO_SIGNAL} for 1. */
  public static NoiseSchedule flow(double... times) {
    return of(
        Arrays.stream(times).map(t -> t == 1 ? NO_SIGNAL : t / (1 - t)).toArray());
  }

  /**
   * The names a network knows these levels by, exact at each level and linear in log sigma between
   * them.
   *
   * @param times one for each level but the last
   */
  public DoubleUnaryOperator naming(double... times) {
    double[] rising = new double[times.length];
    double[] logs = new double[times.length];
    for (int i = 0; i < times.length; i++) {
      rising[i] = times[times.length - 1 - i];
      logs[i] = Math.log(sigmas[times.length - 1 - i]);
    }
    return sigma -> Interpolation.linear(Interpolation.inverse(Math.log(sigma), logs), rising);
  }

  public int steps() {
    return sigmas.length - 1;
  }

  /** The level before step i, or after the last step for i = steps(). */
  public double sigma(int i) {
    return sigmas[i];
  }

  /** A copy of all levels, steps() + 1 of them. */
  public double[] sigmas() {
    return sigmas.clone();
  }

  /**
   * The same walk begun late: without its first {@code skipped} steps. Image-to-image and
   * video-to-video start here, from the picture plus noise of the first level left.
   */
  public NoiseSchedule late(int skipped) {
    return of(Arrays.copyOfRange(sigmas, skipped, sigmas.length));
  }

  /** The same walk stopped early, after {@code steps} steps. */
  public NoiseSchedule early(int steps) {
    return of(Arrays.copyOf(sigmas, steps + 1));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoiseSchedule that && Arrays.equals(sigmas, that.sigmas);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sigmas);
  }

  @Override
  public String toString() {
    return "NoiseSchedule" + Arrays.toString(sigmas);
  }
}
