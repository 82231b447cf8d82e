package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * A mixture of three equal isotropic Gaussians in the plane, whose D, mean and covariance are
 * known.
 */
record Mixture(double spread) {

  private static final double[][] MEANS = {{-1, -0.5}, {0.5, 1}, {1.2, -0.2}};

  /** E[x0 | x] for x of [n, 2]. */
  Denoiser denoiser() {
    return Denoiser.of(
        (x, sigma) -> {
          double variance = spread * spread + sigma * sigma;
          double gain = spread * spread / variance;
          NDManager manager = x.getManager();
          NDArray means = manager.create(new double[] {-1, -0.5, 0.5, 1, 1.2, -0.2}).reshape(3, 2);
          means = means.toType(x.getDataType(), false);
          NDArray apart = x.expandDims(1).sub(means); // [n, 3, 2]
          NDArray share =
              apart.mul(apart).sum(new int[] {2}).div(-2 * variance).softmax(1); // [n, 3]
          return share.matMul(means).mul(1 - gain).add(x.mul(gain));
        });
  }

  double mean(int i) {
    double sum = 0;
    for (double[] m : MEANS) {
      sum += m[i] / MEANS.length;
    }
    return sum;
  }

  double covariance(int i, int j) {
    double sum = i == j ? spread * spread : 0;
    for (double[] m : MEANS) {
      sum += (m[i] - mean(i)) * (m[j] - mean(j)) / MEANS.length;
    }
    return sum;
  }
}
