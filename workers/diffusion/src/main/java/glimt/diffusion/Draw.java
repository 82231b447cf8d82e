package glimt.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * The source of a walk's noise.
 *
 * <p>Draws are numbered, so that a draw is a function of the step and not of the number of previous
 * calls. A walk that is resumed from a checkpoint therefore draws the same noise as an
 * uninterrupted walk.
 */
@FunctionalInterface
public interface Draw {

  /**
   * Standard normals with the shape, type and manager of {@code like}.
   *
   * @param step the index of the step, counted from 0 at the start of the walk
   * @param draw the index of the draw within the step, 0 to 255
   */
  NDArray normal(NDArray like, int step, int draw);
}
