package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * Combines a conditional and an unconditional prediction, each [B, ...]. They may be raw network
 * outputs or predictions D.
 */
@FunctionalInterface
public interface Guidance {

  /** Combines two predictions of equal shape. */
  NDArray guide(NDArray conditional, NDArray unconditional);

  /**
   * Classifier-free guidance (Ho and Salimans 2022, eq. 6, with their 1 + w written w): D_0 + w
   * (D_c - D_0). At w = 1 this is the conditional prediction, for which the unconditional
   * evaluation is unnecessary.
   */
  static Guidance scale(double w) {
    if (!Double.isFinite(w)) {
      throw new IllegalArgumentException("the guidance scale must be finite, not " + w);
    }
    return (conditional, unconditional) -> unconditional.add(conditional.sub(unconditional).mul(w));
  }

  /**
   * A guidance scale that changes linearly from the first frame to the last (Stable Video
   * Diffusion, Blattmann et al. 2023).
   *
   * @param axis the axis of the frames
   */
  static Guidance perFrame(double first, double last, int axis) {
    return (conditional, unconditional) -> {
      long frames = conditional.getShape().get(axis);
      long[] shape = new long[conditional.getShape().dimension()];
      Arrays.fill(shape, 1);
      shape[axis] = frames;
      double[] scales = new double[Math.toIntExact(frames)];
      for (int f = 0; f < frames; f++) {
        scales[f] = frames == 1 ? first : first + (last - first) * f / (frames - 1);
      }
      NDArray w =
          conditional
              .getManager()
              .create(scales)
              .toType(conditional.getDataType(), false)
              .reshape(new Shape(shape));
      return unconditional.add(conditional.sub(unconditional).mul(w));
    };
  }

  /**
   * Applies guidance only to the first {@code count} channels of axis 1; the other channels keep
   * the conditional prediction. Point-E guides positions but not colours (Nichol et al. 2022).
   */
  default Guidance onChannels(int count) {
    return (conditional, unconditional) -> {
      String first = ":, :" + count;
      NDArray rest = conditional.get(":, " + count + ":");
      NDArray guided = guide(conditional.get(first), unconditional.get(first));
      return guided.concat(rest, 1);
    };
  }

  /**
   * Rescaled guidance, which avoids overexposure: the guided prediction is rescaled to the standard
   * deviation of the conditional prediction of each sample, and mixed with the original with
   * weights phi and 1 - phi (Lin et al. 2023, eq. 15 and 16).
   *
   * @param phi 0 to 1; 0 changes nothing, the paper uses 0.7
   */
  default Guidance rescaled(double phi) {
    if (!(phi >= 0 && phi <= 1)) {
      throw new IllegalArgumentException("phi must be between 0 and 1, not " + phi);
    }
    return (conditional, unconditional) -> {
      NDArray guided = guide(conditional, unconditional);
      NDArray ratio = deviation(conditional).div(deviation(guided));
      return guided.mul(ratio.mul(phi).add(1 - phi));
    };
  }

  /**
   * CFG-Zero* (Fan et al. 2025, eq. 8): the unconditional prediction is first scaled by its
   * projection onto the conditional one, s = c.u / |u|^2 for each sample, so s u + w (c - s u).
   */
  default Guidance zeroStar() {
    return (conditional, unconditional) -> {
      NDArray c = rows(conditional);
      NDArray u = rows(unconditional);
      NDArray s =
          c.mul(u)
              .sum(new int[] {1}, true)
              .div(u.mul(u).sum(new int[] {1}, true).add(1e-8))
              .reshape(perSample(conditional));
      return guide(conditional, unconditional.mul(s));
    };
  }

  /**
   * Guides a network that evaluates both predictions in one call.
   *
   * @param both a network for inputs [2B, ...] that treats the first B rows as conditional and the
   *     others as unconditional
   * @return the guided network for inputs [B, ...]
   */
  default Prediction batched(Prediction both) {
    return (input, noise) -> {
      NDList halves = both.predict(NDArrays.concat(new NDList(input, input)), noise).split(2);
      return guide(halves.get(0), halves.get(1));
    };
  }

  /** Guides the predictions of two denoisers, for example after each has been clamped. */
  default Denoiser of(Denoiser conditional, Denoiser unconditional) {
    return (x, sigma, before) -> {
      Estimate c = conditional.estimate(x, sigma, before);
      return c.with(guide(c.denoised(), unconditional.estimate(x, sigma, before).denoised()));
    };
  }

  /** The unbiased standard deviation of each sample, [B, 1, 1, ...]. */
  private static NDArray deviation(NDArray array) {
    NDArray rows = rows(array);
    NDArray centred = rows.sub(rows.mean(new int[] {1}, true));
    NDArray square = centred.mul(centred).sum(new int[] {1}, true);
    return square.div(rows.getShape().get(1) - 1).sqrt().reshape(perSample(array));
  }

  private static NDArray rows(NDArray array) {
    return array.reshape(array.getShape().get(0), -1);
  }

  /** [B, 1, 1, ...]. */
  private static Shape perSample(NDArray array) {
    long[] shape = new long[array.getShape().dimension()];
    Arrays.fill(shape, 1);
    shape[0] = array.getShape().get(0);
    return new Shape(shape);
  }
}
