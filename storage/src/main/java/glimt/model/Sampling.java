package glimt.model;

import org.jspecify.annotations.Nullable;

/**
 * How one level is sampled.
 *
 * @param sampler by the name users know, such as {@code euler} or {@code dpmpp_2m}; {@value
 *     #PUBLISHED} is the one that belongs to a {@link Schedule.Published}
 * @param steps how many; the most if it may end early
 * @param tolerance how little two successive estimates of the clean sample differ when the walk
 *     ends early, as {@link EarlyEnd} says it; null if it is walked to its end
 */
public record Sampling(
    String sampler,
    int steps,
    GuidanceRule guidance,
    Schedule schedule,
    @Nullable Double tolerance) {
  /** The sampler of a published schedule, as the schedule says it. */
  public static final String PUBLISHED = "published";

  /** A walk to its end. */
  public Sampling(String sampler, int steps, GuidanceRule guidance, Schedule schedule) {
    this(sampler, steps, guidance, schedule, null);
  }

  public Sampling {
    if (tolerance != null && !(tolerance > 0 && tolerance < 1)) {
      throw new IllegalArgumentException(
          "a tolerance must be above 0 and below 1, not " + tolerance);
    }
    if (steps < 1) {
      throw new IllegalArgumentException("sampling needs a step or more, not " + steps);
    }
    if (sampler.equals(PUBLISHED) && !(schedule instanceof Schedule.Published)) {
      throw new IllegalArgumentException(
          "the sampler %s walks a published schedule and no other".formatted(PUBLISHED));
    }
    if (schedule instanceof Schedule.Published published
        && published.listed() != null
        && published.listed().size() != steps) {
      throw new IllegalArgumentException(
          "%s listed timesteps make as many steps, not %s"
              .formatted(published.listed().size(), steps));
    }
    if (schedule instanceof Schedule.Listed listed && listed.sigmas().size() != steps + 1) {
      throw new IllegalArgumentException(
          "%s listed noise levels make %s steps, not %s"
              .formatted(listed.sigmas().size(), listed.sigmas().size() - 1, steps));
    }
  }

  /**
   * Whether the network is asked without conditions too. Along a published schedule it is where the
   * weight is above 1, as those who publish have it.
   */
  public boolean guided() {
    return guidance.guides()
        && (!(schedule instanceof Schedule.Published) || guidance.weight() > 1);
  }

  /** Returns this sampling with a walk that ends early by a tolerance. */
  public Sampling ending(double within) {
    return new Sampling(sampler, steps, guidance, schedule, within);
  }

  /** Returns this sampling along another schedule. */
  public Sampling along(Schedule other) {
    return new Sampling(sampler, steps, guidance, other, tolerance);
  }

  /** Plain guidance along Karras' levels (Karras et al. 2022, eq. 5). */
  public static Sampling karras(
      String sampler, int steps, double guidance, double sigmaMin, double sigmaMax, double rho) {
    return new Sampling(
        sampler, steps, GuidanceRule.of(guidance), new Schedule.Karras(sigmaMin, sigmaMax, rho));
  }
}
