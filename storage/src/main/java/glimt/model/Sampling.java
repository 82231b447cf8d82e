package glimt.model;

/**
 * How one level is sampled.
 *
 * @param sampler the sampler's public name, such as {@code euler} or {@code dpmpp_2m}
 * @param steps the number of steps, 1 or more
 * @param guidance how conditional and unconditional answers are combined
 * @param schedule which noise levels the steps visit
 */
public record Sampling(String sampler, int steps, GuidanceRule guidance, Schedule schedule) {
  public Sampling {
    if (steps < 1) {
      throw new IllegalArgumentException("sampling needs a step or more, not " + steps);
    }
    if (schedule instanceof Schedule.Listed listed && listed.sigmas().size() != steps + 1) {
      throw new IllegalArgumentException(
          "%s listed noise levels make %s steps, not %s"
              .formatted(listed.sigmas().size(), listed.sigmas().size() - 1, steps));
    }
  }

  /** Makes a sampling with plain guidance and Karras' schedule (Karras et al. 2022, eq. 5). */
  public static Sampling karras(
      String sampler, int steps, double guidance, double sigmaMin, double sigmaMax, double rho) {
    return new Sampling(
        sampler, steps, GuidanceRule.of(guidance), new Schedule.Karras(sigmaMin, sigmaMax, rho));
  }
}
