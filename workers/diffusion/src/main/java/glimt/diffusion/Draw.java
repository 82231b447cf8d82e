package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Where the noise of a walk comes from.
 *
 * <p>A draw has a number, so that it is a function of the step and not of how often one asked: a
 * walk resumed at a step draws what the undisturbed walk drew.
 */
@FunctionalInterface
public interface Draw {

  /**
   * Standard normals shaped and typed like {@code like}, in its memory scope.
   *
   * @param step counted from 0 at the start of the walk
   * @param draw counted from 0 in each step, below 256
   */
  NDArray normal(NDArray like, int step, int draw);
}
