/**
 * Plain shapes drawn by code, to learn training with: the scenes of {@code clips} without a
 * download.
 *
 * <p>No files, no actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.shapes;

import org.jspecify.annotations.NullMarked;
