package glimt.training.learning;

import java.time.Duration;
import java.util.Locale;

/**
 * The progress of the training of a network.
 *
 * @param level the name of the network
 * @param step the number of completed steps
 * @param done the completed fraction of the training
 * @param loss the loss, averaged over about the last hundred steps
 * @param gradientLength the norm of the gradient in the last step
 * @param samplesPerSecond the training speed
 * @param left the estimated remaining time
 */
public record TrainingProgress(
    String level,
    long step,
    double done,
    double loss,
    double gradientLength,
    double samplesPerSecond,
    Duration left) {

  /** Formats the progress as one line. */
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
