package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.DoubleUnaryOperator;

/**
 * The coordinates of a network's or library's samples: z = scale(sigma) x, where x = x0 + sigma n
 * are the coordinates of this package.
 */
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

  /** The ratio of z to x at a noise level. */
  public abstract double scale(double sigma);

  /** Converts z to x. */
  public NDArray enter(NDArray z, double sigma) {
    return z.div(scale(sigma));
  }

  /** Converts x to z. */
  public NDArray leave(NDArray x, double sigma) {
    return x.mul(scale(sigma));
  }

  /**
   * The preconditioning of a network that predicts v for a flow, by which published solvers expand
   * the noise: they take a F + t z for it with a = 1 - t, which is not the noise of {@link #terms},
   * since a^2 + t^2 is not 1.
   *
   * @param time maps a noise level to the network's time input
   */
  public static Preconditioning noiseOfVelocity(DoubleUnaryOperator time) {
    return new Preconditioning(
        s -> 1 - s / (1 + s) * s / (1 + s), s -> -s / (1 + s), FLOW::scale, time);
  }

  /**
   * The preconditioning of a network that takes samples in these coordinates. For flow matching
   * with z = (1 - t) x0 + t n, the noise is (z - (1 - t) x0) / t and v is (1 - t) n - t x0.
   *
   * @param type the quantity that the network predicts
   * @param time maps a noise level to the network's time input
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
      // a z - t F with a = 1 - t and z = a x, as solvers interpret v even if a^2 + t^2 is not 1
      case V_PREDICTION ->
          new Preconditioning(s -> scale(s) * scale(s), s -> -s * scale(s), this::scale, time);
    };
  }
}
