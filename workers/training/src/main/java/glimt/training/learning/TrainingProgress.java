package glimt.training.learning;

import java.time.Duration;
import java.util.Locale;

/**
 * How far the training of one network is.
 *
 * @param loss averaged over about the last hundred steps
 */
public record TrainingProgress(
    String level,
    long step,
    double done,
    double loss,
    double gradientLength,
    double samplesPerSecond,
    Duration left) {

  /** One line for a person. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s  %5.1f %%  step %s  loss %.4f  gradient %.2f  %.1f samples/s  %s:%02d left",
        level,
        100 * done,
        step,
        loss,
        gradientLength,
        samplesPerSecond,
        left.toMinutes(),
        left.toSecondsPart());
  }
}
