package glimt.model;

import java.util.List;

/**
 * What a network's answer means: with a {@link Schedule} all that is needed to make a denoiser of
 * it.
 *
 * @param answer what the network answers
 * @param sigmaData the standard deviation of what it was trained on, where {@link
 *     NetworkAnswer#EDM} or {@link NetworkAnswer#CONSISTENCY} need it; else 1
 * @param thresholds how its guesses are kept in range
 */
public record Parametrisation(NetworkAnswer answer, double sigmaData, Thresholds thresholds) {
  public Parametrisation {
    if (!(sigmaData > 0) || Double.isInfinite(sigmaData)) {
      throw new IllegalArgumentException("sigmaData must be positive, not " + sigmaData);
    }
  }

  /** Karras et al. 2022, for data of this standard deviation. */
  public static Parametrisation edm(double sigmaData) {
    return new Parametrisation(NetworkAnswer.EDM, sigmaData, new Thresholds.Open());
  }

  /** The same network with its guesses kept otherwise. */
  public Parametrisation with(Thresholds others) {
    return new Parametrisation(answer, sigmaData, others);
  }

  /**
   * The schedules that go with this answer; a walk by another would tell the network nonsense. A
   * published schedule says itself how answers are read.
   */
  public boolean goesWith(Schedule schedule) {
    if (schedule instanceof Schedule.Published) {
      return true;
    }
    return switch (answer) {
      case EDM, CONSISTENCY -> !(schedule instanceof Schedule.Discrete);
      case FLOW -> schedule instanceof Schedule.Flow || schedule instanceof Schedule.Listed;
      case EPSILON, SAMPLE, V -> schedule instanceof Schedule.Discrete;
    };
  }

  /** What a network with this answer can be walked by, for an error. */
  public List<String> schedules() {
    return switch (answer) {
      case EDM, CONSISTENCY ->
          List.of("karras", "exponential", "beta", "flow", "listed", "published");
      case FLOW -> List.of("flow", "listed", "published");
      case EPSILON, SAMPLE, V -> List.of("discrete", "published");
    };
  }
}
