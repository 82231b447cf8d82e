/**
 * What a clip of frames is: how a level is enlarged to the next, and how overlapping segments
 * become one.
 *
 * <p>Pure functions of arrays: no tensors, no files, no clock, no randomness. Training, sampling
 * and measuring all call them, so that all three mean the same clip.
 *
 * <p>A clip is a {@code float[frames × 3 × height × width]}, row by row, in [-1, 1].
 */
@NullMarked
package glimt.video;

import org.jspecify.annotations.NullMarked;
