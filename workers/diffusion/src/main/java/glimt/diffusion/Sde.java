package glimt.diffusion;

/**
 * A forward SDE dz = f(t) z dt + g(t) dw on t in [0, 1] (Song et al. 2021), and its discretisation
 * in n steps. Its samples are z = mean(t) x in the coordinates of this package, with sigma(t) =
 * deviation(t) / mean(t).
 */
public interface Sde {

  /** The name that appears in sampler names. */
  String name();

  /** The factor of x0 in z at time t. */
  double mean(double t);

  /** The standard deviation of z at time t given x0. */
  double deviation(double t);

  /** The drift coefficient f(t). */
  double drift(double t);

  /** The diffusion coefficient g(t). */
  double diffusion(double t);

  /**
   * The drift of the whole step i of n, i from n - 1 down to 0: z_i - z_(i-1) = stepDrift z + ...
   */
  default double stepDrift(int i, int n) {
    return drift((double) i / (n - 1)) / n;
  }

  /** The standard deviation of the noise of step i of n. */
  default double stepDiffusion(int i, int n) {
    return diffusion((double) i / (n - 1)) / Math.sqrt(n);
  }

  /** The noise level, sigma, at time t. */
  default double sigma(double t) {
    return deviation(t) / mean(t);
  }

  /** The levels at n equally spaced times from 1 to {@code end}, then 0. */
  default NoiseSchedule schedule(int n, double end) {
    double[] sigmas = new double[n + 1];
    for (int i = 0; i < n; i++) {
      sigmas[i] = sigma(time(i, n, end));
    }
    return NoiseSchedule.of(sigmas);
  }

  /** Time i of n, from 1 to {@code end}. */
  static double time(int i, int n, double end) {
    return n == 1 ? 1 : 1 + (end - 1) * i / (n - 1);
  }

  /**
   * The log density, in nats, of the distribution at t = 1 at a point of d dimensions with this
   * squared norm.
   */
  default double priorLogDensity(double square, int d) {
    return -d / 2. * Math.log(2 * Math.PI) - square / 2;
  }

  /**
   * Variance preserving, Song et al. 2021, eq. 11, with beta(t) linear; DDPM is its discretisation.
   */
  record VariancePreserving(double betaMin, double betaMax) implements Sde {
    @Override
    public String name() {
      return "vp";
    }

    /** beta(t). */
    double beta(double t) {
      return betaMin + t * (betaMax - betaMin);
    }

    /** -2 ln mean(t). */
    private double spent(double t) {
      return t * (betaMin + t * (betaMax - betaMin) / 2);
    }

    @Override
    public double mean(double t) {
      return Math.exp(-spent(t) / 2);
    }

    @Override
    public double deviation(double t) {
      return Math.sqrt(-Math.expm1(-spent(t)));
    }

    @Override
    public double drift(double t) {
      return -beta(t) / 2;
    }

    @Override
    public double diffusion(double t) {
      return Math.sqrt(beta(t));
    }

    /** beta_i of the discretisation in n equally spaced levels. */
    double stepBeta(int i, int n) {
      return beta((double) i / (n - 1)) / n;
    }

    @Override
    public double stepDrift(int i, int n) {
      return Math.sqrt(1 - stepBeta(i, n)) - 1;
    }

    @Override
    public double stepDiffusion(int i, int n) {
      return Math.sqrt(stepBeta(i, n));
    }
  }

  /** Sub-variance preserving, Song et al. 2021, eq. 12. */
  record SubVariancePreserving(double betaMin, double betaMax) implements Sde {
    private VariancePreserving vp() {
      return new VariancePreserving(betaMin, betaMax);
    }

    @Override
    public String name() {
      return "subvp";
    }

    @Override
    public double mean(double t) {
      return vp().mean(t);
    }

    @Override
    public double deviation(double t) {
      return -Math.expm1(-vp().spent(t));
    }

    @Override
    public double drift(double t) {
      return vp().drift(t);
    }

    @Override
    public double diffusion(double t) {
      return Math.sqrt(vp().beta(t) * -Math.expm1(-2 * vp().spent(t)));
    }
  }

  /** Variance exploding, Song et al. 2021, eq. 9: sigma(t) is geometric between its ends. */
  record VarianceExploding(double sigmaMin, double sigmaMax) implements Sde {
    @Override
    public String name() {
      return "ve";
    }

    @Override
    public double mean(double t) {
      return 1;
    }

    @Override
    public double deviation(double t) {
      return sigmaMin * Math.pow(sigmaMax / sigmaMin, t);
    }

    @Override
    public double drift(double t) {
      return 0;
    }

    @Override
    public double diffusion(double t) {
      return deviation(t) * Math.sqrt(2 * Math.log(sigmaMax / sigmaMin));
    }

    /** sigma_i of n geometrically spaced levels; 0 before the first. */
    double level(int i, int n) {
      return i < 0 ? 0 : deviation((double) i / (n - 1));
    }

    @Override
    public double stepDiffusion(int i, int n) {
      double here = level(i, n);
      double below = level(i - 1, n);
      return Math.sqrt((here - below) * (here + below));
    }

    @Override
    public double priorLogDensity(double square, int d) {
      double variance = sigmaMax * sigmaMax;
      return -d / 2. * Math.log(2 * Math.PI * variance) - square / (2 * variance);
    }
  }
}
