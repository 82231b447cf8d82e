package glimt.diffusion;

/** How levels are spread between two ends, where not by the times of a chain. */
public enum Ramp {
  /** Equal steps in sigma^(1/7). */
  KARRAS {
    @Override
    public NoiseSchedule levels(int steps, double low, double high) {
      return NoiseSchedule.karras(steps, low, high, 7);
    }
  },
  /** Equal steps in log sigma. "Lu lambdas", equal steps of half the log SNR, are these. */
  EXPONENTIAL {
    @Override
    public NoiseSchedule levels(int steps, double low, double high) {
      return NoiseSchedule.exponential(steps, low, high);
    }
  },
  /** Quantiles of a beta law. */
  BETA {
    @Override
    public NoiseSchedule levels(int steps, double low, double high) {
      return NoiseSchedule.beta(steps, low, high);
    }
  };

  /** Levels from high to low, one for each step, then 0. */
  public abstract NoiseSchedule levels(int steps, double low, double high);
}
