/**
 * The dataset of the bundle {@code pictures}: one subject in the middle of a coloured background,
 * with captions.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.pictures;

import org.jspecify.annotations.NullMarked;
