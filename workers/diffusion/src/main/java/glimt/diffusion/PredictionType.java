package glimt.diffusion;

import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/** What a network answers, by its name in the field. */
public enum PredictionType {
  /** The noise. */
  EPSILON,
  /** x0 itself. */
  SAMPLE,
  /** v = a eps - s x0. */
  V_PREDICTION,
  /** The velocity of a flow, n - x0. */
  FLOW_PREDICTION;

  /** As published: {@code epsilon}, {@code v_prediction}, ... */
  public String published() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * How the answer becomes a denoiser.
   *
   * @param time the network's name for a level
   */
  public Preconditioning terms(DoubleUnaryOperator time) {
    return switch (this) {
      case EPSILON -> Preconditioning.epsilon(time);
      case SAMPLE -> Preconditioning.sample(time);
      case V_PREDICTION -> Preconditioning.velocity(time);
      case FLOW_PREDICTION -> Preconditioning.flow(time);
    };
  }
}
