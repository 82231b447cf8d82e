/**
 * What a video is: where its noise lies, how a level is enlarged to the next, and which files
 * people open. Training, sampling and measuring all call it, so that all three mean the same clip.
 *
 * <p>No actors, no SQL, no HTTP, no clock, no randomness.
 *
 * <p>A clip is a {@code float[frames × 3 × height × width]}, row by row, in [-1, 1].
 */
@NullMarked
package glimt.video;

import org.jspecify.annotations.NullMarked;
