/**
 * Implements images: the region of their noise, the enlargement from one level to the next, and
 * their file formats.
 *
 * <p>No actors, no SQL, no HTTP, no clock, no randomness.
 */
@NullMarked
package glimt.image;

import org.jspecify.annotations.NullMarked;
