/**
 * Implements videos: the region of their noise, the enlargement from one level to the next, and
 * their file formats. Training, sampling and evaluation share this code, so that all three use the
 * same representation.
 *
 * <p>No actors, no SQL, no HTTP, no clock, no randomness.
 *
 * <p>A clip is a {@code float[frames × 3 × height × width]}, row-major, with values in [-1, 1].
 */
@NullMarked
package glimt.video;

import org.jspecify.annotations.NullMarked;
