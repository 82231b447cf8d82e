package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * What LTX-Video does to latents between its two stages, so that an enlarged clip keeps the colours
 * and contrasts of the small one. Latents are [B, frames, channels, height, width] float32, and
 * results belong to the manager of the first.
 */
public final class LatentTones {
  private static final int[] AXIS = {2};

  private LatentTones() {}

  /**
   * Gives each channel of each sample the mean and spread of a reference (adaptive instance
   * normalisation, Huang and Belongie 2017).
   *
   * @param reference as many samples and channels, of any extents
   * @param factor 0 leaves the latent as it is, 1 adapts it wholly
   */
  public static NDArray adapted(NDArray latent, NDArray reference, float factor) {
    NDManager outer = latent.getManager();
    try (NDManager scope = outer.newSubManager()) {
      NDArray own = scoped(latent, scope);
      NDArray other = scoped(reference, scope);
      NDArray adapted = own.sub(mean(own)).div(spread(own)).mul(spread(other)).add(mean(other));
      NDArray result = own.add(adapted.sub(own).mul(factor));
      result.attach(outer);
      return result;
    }
  }

  /**
   * Pulls large values in by a sigmoid, small ones hardly: x (1 - 0.8 s sigmoid(4 s (|x| - 1)))
   * with s = 0.75 times the compression (diffusers 0.36).
   *
   * @param compression 0 leaves the latent as it is, 1 is the most
   */
  public static NDArray compressed(NDArray latent, float compression) {
    NDManager outer = latent.getManager();
    try (NDManager scope = outer.newSubManager()) {
      float s = 0.75f * compression;
      NDArray own = scoped(latent, scope);
      NDArray large = own.abs().sub(1).mul(-4 * s).exp().add(1); // 1 / sigmoid
      NDArray result = own.mul(large.pow(-1).mul(-0.8f * s).add(1));
      result.attach(outer);
      return result;
    }
  }

  private static NDArray scoped(NDArray latent, NDManager scope) {
    NDArray alias = latent.reshape(latent.getShape());
    alias.attach(scope);
    return alias;
  }

  /** The mean of each channel of each sample, [B, 1, channels, 1, 1]. */
  private static NDArray mean(NDArray latent) {
    return channels(latent).mean(AXIS, true).reshape(each(latent));
  }

  /** The standard deviation, without bias. */
  private static NDArray spread(NDArray latent) {
    NDArray values = channels(latent);
    NDArray off = values.sub(values.mean(AXIS, true));
    long count = values.getShape().get(2);
    return off.mul(off).sum(AXIS, true).div(count - 1).sqrt().reshape(each(latent));
  }

  private static NDArray channels(NDArray latent) {
    Shape shape = latent.getShape();
    return latent.transpose(0, 2, 1, 3, 4).reshape(shape.get(0), shape.get(2), -1);
  }

  private static Shape each(NDArray latent) {
    return new Shape(latent.getShape().get(0), 1, latent.getShape().get(2), 1, 1);
  }
}
