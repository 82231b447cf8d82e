package glimt.diffusion;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * The noise levels sigma of a walk: finite, strictly decreasing, one more than there are steps. The
 * last is 0 unless the walk stops early. The last level may equal the previous one, so that the
 * last step only evaluates the network (as in published schedules that end at sigma_min). A
 * {@linkplain #rising() rising} schedule inverts the order.
 */
public final class NoiseSchedule {

  /**
   * The level that represents a sample without signal, for which sigma is infinite: zero terminal
   * SNR (Lin et al. 2023) and time 1 of flow matching. Sampling from it differs from the limit by
   * 1e-12.
   */
  public static final double NO_SIGNAL = 1e12;

  private final double[] sigmas;

  private NoiseSchedule(double[] sigmas) {
    this.sigmas = sigmas;
  }

  /**
   * A schedule of the given levels.
   *
   * @throws IllegalArgumentException if there are fewer than two levels, or they are not finite,
   *     not strictly decreasing or negative
   */
  public static NoiseSchedule of(double... sigmas) {
    return checked(sigmas.clone(), 1);
  }

  /** A schedule of rising levels, from data to noise. */
  public static NoiseSchedule risingOf(double... sigmas) {
    return checked(sigmas.clone(), -1);
  }

  /** The levels of a checkpoint, falling or rising. */
  static NoiseSchedule stored(double... sigmas) {
    return checked(sigmas, sigmas.length > 1 && sigmas[1] > sigmas[0] ? -1 : 1);
  }

  /** Checks levels that must fall, or rise if {@code sign} is -1. */
  private static NoiseSchedule checked(double[] sigmas, int sign) {
    if (sigmas.length < 2) {
      throw new IllegalArgumentException("a schedule needs at least one step");
    }
    for (int i = 0; i < sigmas.length; i++) {
      boolean stays = i > 0 && i == sigmas.length - 1 && sigmas[i] == sigmas[i - 1];
      boolean falls = i == 0 || stays || sign * sigmas[i] < sign * sigmas[i - 1];
      if (!Double.isFinite(sigmas[i]) || sigmas[i] < 0 || !falls) {
        throw new IllegalArgumentException(
            "noise levels must be finite, not negative and strictly %s, but sigma %s is %s after %s"
                .formatted(
                    sign < 0 ? "increasing" : "decreasing",
                    i,
                    sigmas[i],
                    i == 0 ? "nothing" : sigmas[i - 1]));
      }
    }
    return new NoiseSchedule(sigmas);
  }

  /** Karras et al. 2022, eq. 5: equal steps in sigma^(1/rho), then 0. The paper's rho is 7. */
  public static NoiseSchedule karras(int steps, double sigmaMin, double sigmaMax, double rho) {
    double high = Math.pow(sigmaMax, 1 / rho);
    double low = Math.pow(sigmaMin, 1 / rho);
    return ramp(steps, sigmaMin, sigmaMax, u -> Math.pow(high + u * (low - high), rho));
  }

  /** Equal steps in log sigma, which are equal steps in half the log-SNR, then 0. */
  public static NoiseSchedule exponential(int steps, double sigmaMin, double sigmaMax) {
    return polyexponential(steps, sigmaMin, sigmaMax, 1);
  }

  /**
   * Steps in log sigma along a ramp of power rho, then 0 (k-diffusion, 2022). With rho 1 this is
   * {@link #exponential}.
   */
  public static NoiseSchedule polyexponential(
      int steps, double sigmaMin, double sigmaMax, double rho) {
    double high = Math.log(sigmaMax);
    double low = Math.log(sigmaMin);
    return ramp(
        steps, sigmaMin, sigmaMax, u -> Math.exp(Math.pow(1 - u, rho) * (high - low) + low));
  }

  /**
   * Levels at equally spaced quantiles of a Beta(0.6, 0.6) distribution between the ends, then 0,
   * which are dense at both ends (Lee et al. 2024, "Beta Sampling is All You Need").
   */
  public static NoiseSchedule beta(int steps, double sigmaMin, double sigmaMax) {
    return ramp(
        steps, sigmaMin, sigmaMax, u -> sigmaMin + BetaLaw.quantile(1 - u) * (sigmaMax - sigmaMin));
  }

  /** Levels at u = 0 ... 1, one for each step, then 0. */
  private static NoiseSchedule ramp(
      int steps, double sigmaMin, double sigmaMax, DoubleUnaryOperator sigma) {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, not " + steps);
    }
    if (!(sigmaMin > 0 && sigmaMin < sigmaMax)) {
      throw new IllegalArgumentException(
          "sigma_min %s must be greater than 0 and less than sigma_max %s"
              .formatted(sigmaMin, sigmaMax));
    }
    double[] sigmas = new double[steps + 1];
    for (int i = 0; i < steps; i++) {
      sigmas[i] = sigma.applyAsDouble(steps == 1 ? 0 : (double) i / (steps - 1));
    }
    return of(sigmas);
  }

  /**
   * Equal steps in the time of a variance-preserving SDE from 1 to {@code end}, then 0: sigma^2 =
   * exp(betaD t^2 / 2 + betaMin t) - 1 (Song et al. 2021; Karras et al. 2022, Table 1, with betaD
   * 19.9, betaMin 0.1 and end 1e-3).
   */
  public static NoiseSchedule variancePreserving(
      int steps, double betaD, double betaMin, double end) {
    Course course = Course.variancePreserving(betaD, betaMin);
    return ramp(steps, course.sigma(end), course.sigma(1), u -> course.sigma(1 + u * (end - 1)));
  }

  /**
   * Equal steps in t from 1 to 0 of a log-SNR function such as {@link #cosineLogSnr} or {@link
   * #linearLogSnr}, where sigma = exp(-logSnr / 2) (Kingma et al. 2021; Imagen, Saharia et al.
   * 2022). The last level is that of t = 0.
   */
  public static NoiseSchedule logSnr(int steps, DoubleUnaryOperator logSnr) {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, not " + steps);
    }
    double[] sigmas = new double[steps + 1];
    Arrays.setAll(sigmas, i -> Math.exp(-logSnr.applyAsDouble(1 - (double) i / steps) / 2));
    return of(sigmas);
  }

  /** log SNR of the cosine schedule, limited to that of tan^2 = 1e-5 near t = 0. */
  public static double cosineLogSnr(double t) {
    double c = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
    return -Math.log(Math.max(1e-5, 1 / (c * c) - 1));
  }

  /** log SNR of the linear schedule: -log(exp(1e-4 + 10 t^2) - 1). */
  public static double linearLogSnr(double t) {
    return -Math.log(Math.expm1(1e-4 + 10 * t * t));
  }

  /**
   * Levels of flow matching for the given times t from 1 to 0: sigma = t / (1 - t), and {@link
   * #NO_SIGNAL} for t = 1.
   */
  public static NoiseSchedule flow(double... times) {
    return of(Arrays.stream(times).map(t -> t == 1 ? NO_SIGNAL : t / (1 - t)).toArray());
  }

  /**
   * Maps sigma to a network's time input, exact at each level of this schedule and linear in log
   * sigma between levels.
   *
   * @param times the time of each level but the last
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

  /** The number of steps, one less than the number of levels. */
  public int steps() {
    return sigmas.length - 1;
  }

  /** The level before step i, or the final level for i = steps(). */
  public double sigma(int i) {
    return sigmas[i];
  }

  /** A copy of all levels, steps() + 1 of them. */
  public double[] sigmas() {
    return sigmas.clone();
  }

  /**
   * This schedule without its first {@code skipped} steps. Image-to-image and video-to-video walks
   * start at its first level, from the given sample plus noise of that level.
   */
  public NoiseSchedule late(int skipped) {
    return of(Arrays.copyOfRange(sigmas, skipped, sigmas.length));
  }

  /**
   * This schedule with another last level. A level that exceeds the previous one only by rounding
   * errors is replaced by the previous one.
   */
  public NoiseSchedule endingAt(double last) {
    double[] changed = sigmas.clone();
    double before = changed[changed.length - 2];
    changed[changed.length - 1] = last > before && last <= before * (1 + 1e-9) ? before : last;
    return of(changed);
  }

  /**
   * Maps sigma to a network's time input, exact at each level of this schedule.
   *
   * @param times the time of each level but the last
   * @param between maps all other sigmas
   */
  public DoubleUnaryOperator naming(double[] times, DoubleUnaryOperator between) {
    double[] own = times.clone();
    return sigma -> {
      for (int i = 0; i < own.length; i++) {
        if (sigmas[i] == sigma) {
          return own[i];
        }
      }
      return between.applyAsDouble(sigma);
    };
  }

  /** These levels to 32 bits. */
  public NoiseSchedule inSinglePrecision() {
    return of(Arrays.stream(sigmas).map(s -> s == NO_SIGNAL ? s : (float) s).toArray());
  }

  /** The first {@code steps} steps of this schedule. */
  public NoiseSchedule early(int steps) {
    return of(Arrays.copyOf(sigmas, steps + 1));
  }

  /**
   * The levels above 0 in rising order. A deterministic sampler along this schedule finds the noise
   * that produces a given sample (DDIM inversion, Song et al. 2021).
   */
  public NoiseSchedule rising() {
    int levels = sigmas[sigmas.length - 1] == 0 ? sigmas.length - 1 : sigmas.length;
    double[] rising = new double[levels];
    for (int i = 0; i < levels; i++) {
      rising[i] = sigmas[levels - 1 - i];
    }
    return checked(rising, -1);
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
