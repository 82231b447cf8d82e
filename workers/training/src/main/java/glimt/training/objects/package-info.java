/**
 * The dataset of the bundle {@code objects}: reads coloured objects from files, derives captions,
 * selects held-out objects, augments training data and measures results.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.objects;

import org.jspecify.annotations.NullMarked;
