package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/** F: the raw output of a network, in the parametrisation of its training. */
@FunctionalInterface
public interface Prediction {

  /**
   * Evaluates the network once.
   *
   * @param input the scaled noisy sample c_in x, [B, ...]
   * @param noise the network's time input c_noise, such as ln(sigma) / 4 or a time step
   * @return F, of the shape of the input
   */
  NDArray predict(NDArray input, double noise);
}
