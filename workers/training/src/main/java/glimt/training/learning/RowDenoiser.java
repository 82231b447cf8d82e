package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.Safetensors.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a network in training answers to noisy samples that each have a noise level of their own,
 * D(x; sigma): EDM's preconditioning around its answer F (Karras et al. 2022, Table 1), guided away
 * from the answer to no words at all (Ho and Salimans 2022). Walks, whose rows share a level, go by
 * {@link glimt.pipeline.LevelDenoiser}.
 *
 * @param network remains the caller's to close
 * @param sigmaData standard deviation of the samples
 * @param guidance the scale w; 1 asks once and without guidance
 */
public record RowDenoiser(Network network, double sigmaData, double guidance) {

  /**
   * D of rows that each have a noise level of their own.
   *
   * @param x noisy samples, row-major
   * @param sigma a noise level for each row
   * @param shape of {@code x}, [B, …]
   * @param below what the level is conditioned on, a row each, or null
   * @param memory where arrays live while the network is asked
   */
  float[] rows(
      float[] x,
      double[] sigma,
      long[] shape,
      Tensor words,
      @Nullable Tensor below,
      NDManager memory) {
    int rows = sigma.length;
    int size = x.length / rows;
    float[] in = new float[x.length];
    float[] noise = new float[rows];
    for (int row = 0; row < rows; row++) {
      noise[row] = (float) (Math.log(sigma[row]) / 4);
      double total = Math.hypot(sigma[row], sigmaData);
      for (int i = row * size; i < (row + 1) * size; i++) {
        in[i] = (float) (x[i] / total);
      }
    }
    float[] f = answers(in, noise, shape, words, below, memory);
    float[] d = new float[x.length];
    for (int row = 0; row < rows; row++) {
      for (int i = row * size; i < (row + 1) * size; i++) {
        double guided = guided() ? f[x.length + i] + guidance * (f[i] - f[x.length + i]) : f[i];
        d[i] = (float) (skip(sigma[row]) * x[i] + out(sigma[row]) * guided);
      }
    }
    return d;
  }

  /** The answers F; with guidance those to no words follow. */
  private float[] answers(
      float[] in,
      float[] noise,
      long[] shape,
      Tensor words,
      @Nullable Tensor below,
      NDManager memory) {
    try (NDManager scope = memory.newSubManager()) {
      NDArray asked = scope.create(words.longs(), new Shape(words.dimensions()));
      NDArray seen =
          below == null ? null : scope.create(below.floats(), new Shape(below.dimensions()));
      NDArray x = scope.create(in, new Shape(shape));
      NDArray level = scope.create(noise, new Shape(noise.length));
      if (guided()) {
        x = twice(x);
        level = twice(level);
        asked = asked.concat(asked.zerosLike());
        seen = seen == null ? null : twice(seen);
      }
      return network.forward(x, level, Network.conditioning(asked, seen)).toFloatArray();
    }
  }

  private boolean guided() {
    return guidance != 1;
  }

  private static NDArray twice(NDArray array) {
    return NDArrays.concat(new NDList(array, array));
  }

  /** EDM's c_skip. */
  double skip(double sigma) {
    return sigmaData * sigmaData / (sigma * sigma + sigmaData * sigmaData);
  }

  /** EDM's c_out. */
  double out(double sigma) {
    return sigma * sigmaData / Math.hypot(sigma, sigmaData);
  }
}
