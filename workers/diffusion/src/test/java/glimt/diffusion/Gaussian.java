package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/** Normally distributed data, for which D and the flow of the ODE have closed forms. */
record Gaussian(double mean, double variance) {

  /** E[x0 | x]. */
  Denoiser denoiser() {
    return Denoiser.of(
        (x, sigma) -> {
          double gain = variance / (variance + sigma * sigma);
          return x.mul(gain).add((1 - gain) * mean);
        });
  }

  /** The exact solution of the probability-flow ODE from x at one level to another level. */
  NDArray flow(NDArray x, double from, double to) {
    return x.sub(mean).mul(Math.sqrt((variance + to * to) / (variance + from * from))).add(mean);
  }
}
