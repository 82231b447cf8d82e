/**
 * Implements clouds of coloured points: their order, levels and colours.
 *
 * <p>Training, sampling and evaluation share this code, so that all three use the same
 * representation. No actors, no SQL, no HTTP, no clock, no randomness. Read {@link
 * glimt.points.KdOrder} first.
 *
 * <p>A cloud is a {@code float[6 n]}: x, y, z, red, green and blue of each point in turn.
 */
@NullMarked
package glimt.points;

import org.jspecify.annotations.NullMarked;
