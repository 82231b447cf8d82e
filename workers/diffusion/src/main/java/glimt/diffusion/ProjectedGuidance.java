package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Adaptive projected guidance (Sadat et al. 2024, Algorithm 1): the difference of the two
 * predictions is averaged over steps, limited to a ball, and its component parallel to the
 * conditional prediction, which causes oversaturation, is reduced.
 *
 * <pre>
 *   d = (D_c - D_0) + momentum d_before,  d = d min(1, radius / |d|)
 *   d = orthogonal + eta parallel   to D_c, over each sample
 *   D = D_0 + w d
 * </pre>
 *
 * The last line of the paper is D_c + (w - 1) d; this is the form of diffusers. With eta 1 and
 * without momentum and radius, both are plain guidance.
 *
 * @param scale the guidance scale w
 * @param eta the fraction of the parallel component that is kept; 0 in the paper
 * @param momentum the weight of the previous difference; negative in the paper
 * @param radius the largest norm of a difference; 0 for no limit
 */
public record ProjectedGuidance(double scale, double eta, double momentum, double radius) {

  /** The name of the running difference among the further outputs of an estimate. */
  static final String RUNNING = "apg";

  /**
   * Guides the predictions of two denoisers. The running difference is passed on with the
   * estimates.
   */
  public Denoiser of(Denoiser conditional, Denoiser unconditional) {
    return (x, sigma, before) -> {
      Estimate c = conditional.estimate(x, sigma, before);
      NDArray u = unconditional.estimate(x, sigma, before).denoised();
      NDArray last = before == null ? null : before.aside().get(RUNNING);
      NDArray running = running(c.denoised(), u, last);
      return c.with(guide(c.denoised(), u, running)).aside(RUNNING, running);
    };
  }

  /** The running difference, given that of the previous step. */
  NDArray running(NDArray conditional, NDArray unconditional, @Nullable NDArray last) {
    NDArray difference = conditional.sub(unconditional);
    return last == null ? difference : difference.add(last.mul(momentum));
  }

  NDArray guide(NDArray conditional, NDArray unconditional, NDArray running) {
    NDArray d = running;
    if (radius > 0) {
      NDArray norm = dot(d, d).sqrt();
      d = d.mul(norm.pow(-1).mul(radius).minimum(1));
    }
    NDArray along = conditional.mul(dot(d, conditional).div(dot(conditional, conditional)));
    NDArray update = d.sub(along).add(along.mul(eta));
    return unconditional.add(update.mul(scale));
  }

  /** The inner product over each sample, [B, 1, 1, ...]. */
  private static NDArray dot(NDArray a, NDArray b) {
    long[] shape = new long[a.getShape().dimension()];
    Arrays.fill(shape, 1);
    shape[0] = a.getShape().get(0);
    return a.mul(b).reshape(shape[0], -1).sum(new int[] {1}).reshape(new Shape(shape));
  }
}
