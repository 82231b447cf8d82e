package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;

/**
 * How guesses are kept in the range the data has, as a card states it; see {@link Thresholding}.
 */
public sealed interface Clipping {

  /** Guesses stay as they are. */
  record None() implements Clipping {}

  /** Every value is clamped to [-range, range]. */
  record StaticClipping(double range) implements Clipping {}

  /** Each sample is clamped to a quantile of its own, which is at least 1, and divided by it. */
  record DynamicClipping(double quantile, double most) implements Clipping {}

  /** As a function of a guess. */
  default UnaryOperator<NDArray> operator() {
    return switch (this) {
      case None _ -> d -> d;
      case StaticClipping(double range) -> Thresholding.clamped(range);
      case DynamicClipping(double quantile, double most) -> Thresholding.dynamic(quantile, most);
    };
  }

  default boolean none() {
    return this instanceof None;
  }

  /** A denoiser whose guesses are kept. */
  default Denoiser keeping(Denoiser denoiser) {
    return none() ? denoiser : denoiser.then(operator());
  }
}
