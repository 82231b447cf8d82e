package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/** Data that is normal with one mean and variance: D and the flow of the ODE have closed forms. */
record Gaussian(double mean, double variance) {

  /** E[x0 | x]. */
  Denoiser denoiser() {
    return Denoiser.of(
        (x, sigma) -> {
          double gain = variance / (variance + sigma * sigma);
          return x.mul(gain).add((1 - gain) * mean);
        });
  }

  /** Where the probability-flow ODE takes x from one level to another. */
  NDArray flow(NDArray x, double from, double to) {
    return x.sub(mean).mul(Math.sqrt((variance + to * to) / (variance + from * from))).add(mean);
  }
}
