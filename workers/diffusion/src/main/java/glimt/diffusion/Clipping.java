package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;

/**
 * The configured way of keeping predictions of x0 in the range of the data; see {@link
 * Thresholding}.
 */
public sealed interface Clipping {

  /** Leaves predictions unchanged. */
  record None() implements Clipping {}

  /** Clamps every value to [-range, range]. */
  record StaticClipping(double range) implements Clipping {}

  /**
   * Clamps each sample to a quantile of its absolute values, which is at least 1 and at most {@code
   * most}, and divides by it.
   */
  record DynamicClipping(double quantile, double most) implements Clipping {}

  /** The clipping as a function. */
  default UnaryOperator<NDArray> operator() {
    return switch (this) {
      case None _ -> d -> d;
      case StaticClipping(double range) -> Thresholding.clamped(range);
      case DynamicClipping(double quantile, double most) -> Thresholding.dynamic(quantile, most);
    };
  }

  /** Whether this leaves predictions unchanged. */
  default boolean none() {
    return this instanceof None;
  }

  /** The denoiser with its predictions clipped. */
  default Denoiser keeping(Denoiser denoiser) {
    return none() ? denoiser : denoiser.then(operator());
  }
}
