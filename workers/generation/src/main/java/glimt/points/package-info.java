/**
 * What a cloud of coloured points is: its order, its levels, its colours.
 *
 * <p>Pure functions of arrays: no tensors, no files, no clock, no randomness. Training, sampling
 * and measuring all call them, so that all three mean the same cloud. Read {@link
 * glimt.points.KdOrder} first.
 *
 * <p>A cloud is a {@code float[6 n]}: x, y, z, red, green, blue of one point after another.
 */
@NullMarked
package glimt.points;

import org.jspecify.annotations.NullMarked;
