package glimt.diffusion;

/**
 * The spacing of noise levels between two ends, for schedules that do not use the times of a chain.
 */
public enum Ramp {
  /** Equal steps in sigma^(1/7). */
  KARRAS {
    @Override
    public NoiseSchedule levels(int steps, double low, double high) {
      return NoiseSchedule.karras(steps, low, high, 7);
    }
  },
  /** Equal steps in log sigma, which equal the "Lu lambdas", equal steps in half the log SNR. */
  EXPONENTIAL {
    @Override
    public NoiseSchedule levels(int steps, double low, double high) {
      // As published: the logarithms are spaced, so the first level is exp(log(high)), which
      // decides the whole time that it has.
      double top = Math.log(high);
      double stride = (Math.log(low) - top) / (steps - 1);
      double[] sigmas = new double[steps + 1];
      for (int i = 0; i < steps; i++) {
        sigmas[i] = Math.exp(i == 0 ? top : i == steps - 1 ? Math.log(low) : top + i * stride);
      }
      return NoiseSchedule.of(sigmas);
    }
  },
  /** Quantiles of a beta distribution. */
  BETA {
    @Override
    public NoiseSchedule levels(int steps, double low, double high) {
      return NoiseSchedule.beta(steps, low, high);
    }
  };

  /** The levels from high to low, one for each step, then 0. */
  public abstract NoiseSchedule levels(int steps, double low, double high);
}
