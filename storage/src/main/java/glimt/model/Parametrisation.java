package glimt.model;

import java.util.List;

/**
 * What a network's answer means. Together with a {@link Schedule} it determines the denoiser.
 *
 * @param answer what the network predicts
 * @param sigmaData the standard deviation of the training data for {@link NetworkAnswer#EDM} and
 *     {@link NetworkAnswer#CONSISTENCY}; unused by the others, where it is 1
 * @param thresholds how estimates of the clean sample are kept in range
 */
public record Parametrisation(NetworkAnswer answer, double sigmaData, Thresholds thresholds) {
  public Parametrisation {
    if (!(sigmaData > 0) || Double.isInfinite(sigmaData)) {
      throw new IllegalArgumentException("sigmaData must be positive, not " + sigmaData);
    }
  }

  /** Makes the parametrisation of Karras et al. 2022 for data of this standard deviation. */
  public static Parametrisation edm(double sigmaData) {
    return new Parametrisation(NetworkAnswer.EDM, sigmaData, new Thresholds.Open());
  }

  /** Returns this parametrisation with other thresholds. */
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

  /** Returns the types of the suitable schedules as JSON spells them, for error messages. */
  public List<String> schedules() {
    return switch (answer) {
      case EDM, CONSISTENCY ->
          List.of("karras", "exponential", "beta", "flow", "listed", "published");
      case FLOW -> List.of("flow", "listed", "published");
      case EPSILON, SAMPLE, V -> List.of("discrete", "published");
    };
  }
}
