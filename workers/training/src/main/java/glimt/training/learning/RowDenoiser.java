package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.GuidanceRule;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The denoiser D(x; sigma) of a network in training, for rows with individual noise levels: EDM's
 * preconditioning (Karras et al. 2022, Table 1) with classifier-free guidance (Ho and Salimans
 * 2022). Walks, whose rows share a noise level, use {@link glimt.pipeline.LevelDenoiser}.
 *
 * @param network the network, which the caller closes
 * @param sigmaData the standard deviation of the samples
 * @param guidance the weight of guidance, and the noise levels within which it applies
 */
public record RowDenoiser(Network network, double sigmaData, GuidanceRule guidance) {

  /**
   * Evaluates D for rows with individual noise levels.
   *
   * @param x noisy samples, row-major
   * @param sigma the noise level of each row
   * @param shape the shape of {@code x}, [B, …]
   * @param words the captions: token ids, [B, length], or an encoder's states, [B, length, width]
   * @param below the level below, [B, …], or null
   * @param memory the manager of temporary arrays
   * @return D, row-major
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
      double w = weight(sigma[row]);
      for (int i = row * size; i < (row + 1) * size; i++) {
        double guided = w == 1 ? f[i] : f[x.length + i] + w * (f[i] - f[x.length + i]);
        d[i] = (float) (skip(sigma[row]) * x[i] + out(sigma[row]) * guided);
      }
    }
    return d;
  }

  /** The outputs F; with guidance, the unconditional outputs follow. */
  private float[] answers(
      float[] in,
      float[] noise,
      long[] shape,
      Tensor words,
      @Nullable Tensor below,
      NDManager memory) {
    try (NDManager scope = memory.newSubManager()) {
      NDArray asked = Caption.array(words, scope);
      NDArray seen =
          below == null ? null : scope.create(below.floats(), new Shape(below.dimensions()));
      NDArray x = scope.create(in, new Shape(shape));
      NDArray level = scope.create(noise, new Shape(noise.length));
      if (guidance.guides()) {
        x = twice(x);
        level = twice(level);
        asked = asked.concat(asked.zerosLike());
        seen = seen == null ? null : twice(seen);
      }
      return network.forward(x, level, conditioning(asked, seen)).toFloatArray();
    }
  }

  /** A tensor for every condition: the level below for its port, and the captions for the other. */
  private Map<String, NDArray> conditioning(NDArray captions, @Nullable NDArray below) {
    Map<String, NDArray> given = new LinkedHashMap<>();
    for (String port : network.ports()) {
      if (port.equals(Network.BELOW) && below != null) {
        given.put(port, below);
      } else if (!port.equals(Network.X) && !port.equals(Network.NOISE)) {
        given.put(port, captions);
      }
    }
    return given;
  }

  /** The weight of guidance at a noise level; 1 disables it. */
  private double weight(double sigma) {
    GuidanceRule.Interval interval = guidance.interval();
    return interval == null || (sigma >= interval.low() && sigma <= interval.high())
        ? guidance.weight()
        : 1;
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
