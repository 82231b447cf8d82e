package glimt.diffusion;

import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/** The quantity that a network predicts, named as in diffusers. */
public enum PredictionType {
  /** The noise. */
  EPSILON,
  /** The clean sample x0. */
  SAMPLE,
  /** v = a eps - s x0. */
  V_PREDICTION,
  /** The velocity of a flow, n - x0. */
  FLOW_PREDICTION;

  /** The name in published configurations, such as {@code v_prediction}. */
  public String published() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The preconditioning of a network with this output.
   *
   * @param time maps a noise level to the network's time input
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
