package glimt.diffusion;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;

/**
 * The discrete chain of noise levels a variance-preserving network was trained on: t = 0 ... T-1,
 * from the least to the most noise, where abar_t = prod (1 - beta_s) is the remaining fraction of
 * the signal's variance. In the coordinates of this package, sigma_t = sqrt((1 - abar_t) / abar_t).
 */
public final class Chain {

  private final double[] abar;
  private final boolean narrow;

  private Chain(double[] abar, boolean narrow) {
    this.abar = abar;
    this.narrow = narrow;
  }

  /** A chain whose levels and times are computed in 32 bits too. */
  static Chain narrow(float... abar) {
    double[] wide = new double[abar.length];
    Arrays.setAll(wide, t -> abar[t]);
    return new Chain(ofAbar(wide).abar, true);
  }

  /**
   * Builds a chain from its values of abar.
   *
   * @throws IllegalArgumentException unless the values decrease and are in (0, 1]; only the last
   *     may be 0
   */
  public static Chain ofAbar(double... abar) {
    for (int t = 0; t < abar.length; t++) {
      boolean falls = t == 0 || abar[t] < abar[t - 1];
      boolean signal = abar[t] > 0 || (abar[t] == 0 && t == abar.length - 1);
      if (!falls || !signal || abar[t] > 1) {
        throw new IllegalArgumentException(
            "the signal must fall strictly from at most 1 to at least 0, but abar %s is %s"
                .formatted(t, abar[t]));
      }
    }
    if (abar.length == 0) {
      throw new IllegalArgumentException("a chain needs at least one level");
    }
    return new Chain(abar.clone(), false);
  }

  /** Builds a chain from the variance beta_t, in [0, 1], that each forward step adds. */
  public static Chain ofBetas(double... betas) {
    double[] abar = new double[betas.length];
    double product = 1;
    for (int t = 0; t < betas.length; t++) {
      product *= 1 - betas[t];
      abar[t] = product;
    }
    return ofAbar(abar);
  }

  /**
   * This chain as a table of 32-bit floats, made of 32-bit betas: near t = 0, where abar is close
   * to 1, few digits of the noise remain.
   */
  public Chain inSinglePrecision() {
    double[] rounded = new double[abar.length];
    double product = 1;
    for (int t = 0; t < abar.length; t++) {
      float beta = (float) (1 - abar[t] / (t == 0 ? 1 : abar[t - 1]));
      product *= 1 - beta; // in 32 bits
      rounded[t] = (float) product;
    }
    return ofAbar(rounded);
  }

  private static Chain betas(int length, IntToDoubleFunction beta) {
    if (length < 1) {
      throw new IllegalArgumentException("a chain needs at least one level, not " + length);
    }
    double[] betas = new double[length];
    Arrays.setAll(betas, beta);
    return ofBetas(betas);
  }

  /** Equally spaced betas (Ho et al. 2020, section 4, from 1e-4 to 0.02 over 1,000 levels). */
  public static Chain linear(int length, double first, double last) {
    return betas(length, t -> between(first, last, t, length));
  }

  /** Equally spaced square roots of beta, as in latent diffusion (Rombach et al. 2022). */
  public static Chain scaledLinear(int length, double first, double last) {
    return betas(
        length,
        t -> {
          double root = between(Math.sqrt(first), Math.sqrt(last), t, length);
          return root * root;
        });
  }

  /** Betas along a logistic curve from -6 to 6 (Xu et al. 2022, GeoDiff). */
  public static Chain sigmoid(int length, double first, double last) {
    return betas(length, t -> first + (last - first) / (1 + Math.exp(-between(-6, 6, t, length))));
  }

  /**
   * A Laplace distribution of the log SNR, log SNR = -sign(1/2 - t) ln(1 - 2 |1/2 - t|) / 2 (Hang
   * et al. 2024), with abar = sqrt(SNR / (1 + SNR)) as in diffusers.
   *
   * @param most the largest beta
   */
  public static Chain laplace(int length, double most) {
    return alongSignal(length, most, Chain::laplace);
  }

  private static double laplace(double t) {
    double log = -0.5 * Math.copySign(1, 0.5 - t) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
    double snr = Math.exp(log);
    return Math.sqrt(snr / (1 + snr));
  }

  /**
   * abar = exp(-12 t).
   *
   * @param most the largest beta
   */
  public static Chain exponential(int length, double most) {
    return alongSignal(length, most, t -> Math.exp(-12 * t));
  }

  private static Chain alongSignal(int length, double most, DoubleUnaryOperator abar) {
    return betas(
        length,
        t ->
            Math.min(
                1 - abar.applyAsDouble((t + 1.) / length) / abar.applyAsDouble((double) t / length),
                most));
  }

  /**
   * Nichol and Dhariwal 2021, eq. 17: abar follows cos^2((u + 0.008) / 1.008 pi / 2).
   *
   * @param most the largest beta, which avoids a singularity at the end; 0.999 in the paper
   */
  public static Chain cosine(int length, double most) {
    return alongSignal(length, most, Chain::cosine);
  }

  private static double cosine(double u) {
    double c = Math.cos((u + 0.008) / 1.008 * Math.PI / 2);
    return c * c;
  }

  private static double between(double first, double last, int i, int length) {
    return length == 1 ? first : first + (last - first) * i / (length - 1);
  }

  /**
   * Shifts and rescales sqrt(abar) so that the last level has no signal and the first is unchanged
   * (Lin et al. 2023, Algorithm 1).
   */
  public Chain zeroTerminalSnr() {
    double first = Math.sqrt(abar[0]);
    double last = Math.sqrt(abar[abar.length - 1]);
    double[] changed = new double[abar.length];
    for (int t = 0; t < changed.length; t++) {
      double root = (Math.sqrt(abar[t]) - last) * first / (first - last);
      changed[t] = root * root;
    }
    changed[changed.length - 1] = 0;
    return ofAbar(changed);
  }

  /**
   * This chain with another last level, which may have more signal than the level before it: the
   * levels before a zero terminal SNR can have less signal than the number that replaces the 0.
   */
  Chain withLast(double signal) {
    double[] changed = abar.clone();
    changed[changed.length - 1] = signal;
    return new Chain(changed, narrow);
  }

  /** Divides the SNR of every level by {@code scale}, as CogVideoX does (Yang et al. 2024). */
  public Chain shifted(double scale) {
    return ofAbar(Arrays.stream(abar).map(a -> a / (scale + (1 - scale) * a)).toArray());
  }

  /**
   * A chain of only some of the levels.
   *
   * @param levels the indices t of the levels in rising order
   */
  public Chain respaced(int... levels) {
    double[] betas = new double[levels.length];
    for (int i = 0; i < levels.length; i++) {
      betas[i] = 1 - abar[levels[i]] / (i == 0 ? 1 : abar[levels[i - 1]]);
    }
    return ofBetas(betas); // by way of betas, as published: between far levels they lose digits
  }

  /** T, the number of levels. */
  public int length() {
    return abar.length;
  }

  /** abar_t, the remaining fraction of the signal's variance. */
  public double abar(int t) {
    return abar[t];
  }

  /** sigma_t, or {@link NoiseSchedule#NO_SIGNAL} if abar_t is 0. */
  public double sigma(int t) {
    if (abar[t] == 0) {
      return NoiseSchedule.NO_SIGNAL;
    }
    return narrow ? NarrowTables.sigma((float) abar[t]) : Math.sqrt((1 - abar[t]) / abar[t]);
  }

  /** All sigma_t, rising. */
  public double[] sigmas() {
    double[] sigmas = new double[abar.length];
    Arrays.setAll(sigmas, this::sigma);
    return sigmas;
  }

  /** sigma at a fractional t, interpolated linearly in sigma (as in diffusers' Euler scheduler). */
  public double sigma(double t) {
    return Interpolation.linear(t, sigmas());
  }

  /**
   * Maps sigma to a fractional t, interpolated linearly in log sigma (as in k-diffusion) and
   * clamped to the chain.
   */
  public DoubleUnaryOperator time() {
    if (narrow) {
      float[] logs = narrowLogs();
      return sigma -> NarrowTables.time((float) Math.log(Math.max(sigma, 1e-10)), logs);
    }
    double[] logs = Arrays.stream(sigmas()).map(Math::log).toArray();
    return sigma -> Interpolation.inverse(Math.log(sigma), logs);
  }

  /** {@link #time()} of levels that are given to 32 bits. */
  public DoubleUnaryOperator timeOfGiven() {
    if (!narrow) {
      return time();
    }
    float[] logs = narrowLogs();
    return sigma -> NarrowTables.time(NarrowTables.log((float) Math.max(sigma, 1e-10)), logs);
  }

  private float[] narrowLogs() {
    float[] logs = new float[abar.length];
    for (int t = 0; t < logs.length; t++) {
      logs[t] = NarrowTables.log((float) sigma(t));
    }
    return logs;
  }

  /** sigma at a fractional t, interpolated linearly in log abar (DPM-Solver, Lu et al. 2022a). */
  public double sigmaBySignal(double t) {
    return Math.sqrt(Math.expm1(Interpolation.linear(t, signals())));
  }

  /** Maps sigma to a fractional t, the inverse of {@link #sigmaBySignal}, clamped to the chain. */
  public DoubleUnaryOperator timeBySignal() {
    double[] signals = signals();
    return sigma -> Interpolation.inverse(Math.log1p(sigma * sigma), signals);
  }

  /**
   * The fractional t of a level, linear in abar between levels (Point-E, Nichol et al. 2022);
   * clamped.
   */
  public DoubleUnaryOperator timeByAbar() {
    double[] rising = Arrays.stream(abar).map(a -> -a).toArray();
    return sigma -> Interpolation.inverse(-1 / (sigma * sigma + 1), rising);
  }

  /** -log abar, rising. */
  private double[] signals() {
    return Arrays.stream(abar).map(a -> -Math.log(a)).toArray();
  }

  /** beta_t, the variance the forward step to t adds. */
  public double beta(int t) {
    return 1 - abar[t] / before(t);
  }

  /**
   * The variance of the step to t - 1 given x0, in variance-preserving terms: Ho et al. 2020, eq.
   * 7.
   */
  public double posteriorVariance(int t) {
    return beta(t) * (1 - before(t)) / (1 - abar[t]);
  }

  /** The weight of x0 in the mean of the step to t - 1. */
  public double posteriorOfClean(int t) {
    return beta(t) * Math.sqrt(before(t)) / (1 - abar[t]);
  }

  /** The weight of x_t in the mean of the step to t - 1. */
  public double posteriorOfNoisy(int t) {
    return (1 - before(t)) * Math.sqrt(1 - beta(t)) / (1 - abar[t]);
  }

  private double before(int t) {
    return t == 0 ? 1 : abar[t - 1];
  }

  /**
   * The noise schedule through these levels.
   *
   * @param times the indices t in falling order
   * @param last the sigma of the end
   */
  public NoiseSchedule schedule(int[] times, double last) {
    double[] sigmas = new double[times.length + 1];
    for (int i = 0; i < times.length; i++) {
      sigmas[i] = sigma(times[i]);
    }
    sigmas[times.length] = last;
    return NoiseSchedule.of(sigmas);
  }

  /** The noise schedule through these fractional t, in falling order, and then 0. */
  public NoiseSchedule schedule(double[] times) {
    double[] all = sigmas();
    double[] sigmas = new double[times.length + 1];
    for (int i = 0; i < times.length; i++) {
      sigmas[i] = Interpolation.linear(times[i], all);
    }
    return NoiseSchedule.of(sigmas);
  }
}
