package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/** F: a network's raw answer, in whatever terms it was trained. */
@FunctionalInterface
public interface Prediction {

  /**
   * Asks the network once.
   *
   * @param input the scaled noisy sample c_in x, [B, ...]
   * @param noise the network's own name for the noise level, c_noise: ln(sigma) / 4, a time step,
   *     ...
   * @return F, shaped like input
   */
  NDArray predict(NDArray input, double noise);
}
