package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.DoubleUnaryOperator;

/** The scale in which others keep their samples: z = scale(sigma) x, in these coordinates. */
public enum Frame {
  /** z = x = x0 + sigma n. */
  VARIANCE_EXPLODING {
    @Override
    public double scale(double sigma) {
      return 1;
    }
  },
  /** z = a x0 + s n with a^2 + s^2 = 1. */
  VARIANCE_PRESERVING {
    @Override
    public double scale(double sigma) {
      return Preconditioning.signal(sigma);
    }
  },
  /** z = (1 - t) x0 + t n with t = sigma / (1 + sigma). */
  FLOW {
    @Override
    public double scale(double sigma) {
      return 1 / (1 + sigma);
    }
  };

  /** z over x at a level. */
  public abstract double scale(double sigma);

  /** x of a foreign sample z. */
  public NDArray enter(NDArray z, double sigma) {
    return z.div(scale(sigma));
  }

  /** The foreign sample z of x. */
  public NDArray leave(NDArray x, double sigma) {
    return x.mul(scale(sigma));
  }

  /**
   * A network whose inputs and answers are of a flow's, asked for noise or v: in z = (1 - t) x0 + t
   * n the noise is (z - (1 - t) x0) / t, and v is (1 - t) n - t x0.
   *
   * @param type what it answers
   * @param time the network's name for a level
   */
  public Preconditioning terms(PredictionType type, DoubleUnaryOperator time) {
    Preconditioning plain = type.terms(time);
    if (this != FLOW) {
      return plain;
    }
    return switch (type) {
      case FLOW_PREDICTION -> plain;
      case SAMPLE -> new Preconditioning(_ -> 0, _ -> 1, this::scale, time);
      case EPSILON -> new Preconditioning(_ -> 1, s -> -s, this::scale, time);
      // a z - t F with a = 1 - t and z = a x, as solvers read it whatever a^2 + t^2 is
      case V_PREDICTION ->
          new Preconditioning(s -> scale(s) * scale(s), s -> -s * scale(s), this::scale, time);
    };
  }
}
