/**
 * What a cloud of coloured points is: its order, its levels, its colours.
 *
 * <p>No actors, no SQL, no HTTP, no clock, no randomness. Training, sampling and measuring all call
 * it, so that all three mean the same cloud. Read {@link glimt.points.KdOrder} first.
 *
 * <p>A cloud is a {@code float[6 n]}: x, y, z, red, green, blue of one point after another.
 */
@NullMarked
package glimt.points;

import org.jspecify.annotations.NullMarked;
