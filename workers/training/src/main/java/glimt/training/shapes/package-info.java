/**
 * Simple shapes that are drawn by code, for trying out training: like the scenes of {@code clips},
 * but without a download.
 *
 * <p>No files, no actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.shapes;

import org.jspecify.annotations.NullMarked;
