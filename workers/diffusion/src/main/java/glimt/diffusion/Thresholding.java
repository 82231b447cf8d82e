package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;

/** Functions for {@link Denoiser#then} that keep predictions in the range of the data. */
public final class Thresholding {
  private Thresholding() {}

  /** Clamps every value to [-range, range]. */
  public static UnaryOperator<NDArray> clamped(double range) {
    if (!(range > 0)) {
      throw new IllegalArgumentException("the range must be positive, not " + range);
    }
    return d -> d.clip(-range, range);
  }

  /**
   * Dynamic thresholding (Saharia et al. 2022, section 2.3): each sample of the batch is clamped to
   * the quantile s of its absolute values, if that exceeds 1, and divided by s.
   *
   * @param quantile the cumulative probability of the quantile, in (0, 1]
   * @param most an upper bound of s; infinite in the paper
   */
  public static UnaryOperator<NDArray> dynamic(double quantile, double most) {
    if (!(quantile > 0 && quantile <= 1 && most >= 1)) {
      throw new IllegalArgumentException(
          "the quantile must be in (0, 1] and its bound at least 1, not %s and %s"
              .formatted(quantile, most));
    }
    return d -> {
      NDArray rows = d.reshape(d.getShape().get(0), -1);
      NDArray s = quantile(rows.abs(), quantile).clip(1, most);
      return rows.minimum(s).maximum(s.neg()).div(s).reshape(d.getShape());
    };
  }

  /** The quantile of each row, [B, n] to [B, 1], interpolated linearly at index q (n - 1). */
  private static NDArray quantile(NDArray rows, double q) {
    long n = rows.getShape().get(1);
    NDArray sorted = rows.sort(1);
    double place = q * (n - 1);
    long below = (long) Math.floor(place);
    NDArray low = sorted.get(":, {}:{}", below, below + 1);
    if (below + 1 == n) {
      return low;
    }
    NDArray high = sorted.get(":, {}:{}", below + 1, below + 2);
    return low.add(high.sub(low).mul(place - below)).reshape(new Shape(-1, 1));
  }
}
