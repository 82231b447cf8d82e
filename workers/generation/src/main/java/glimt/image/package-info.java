/**
 * Implements images: the region of their noise, the enlargement from one level to the next, and
 * their file formats.
 *
 * <p>This package uses no actors, SQL, HTTP, clock or random numbers.
 */
@NullMarked
package glimt.image;

import org.jspecify.annotations.NullMarked;
