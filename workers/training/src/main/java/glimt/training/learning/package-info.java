/**
 * Trains a single network: objectives, the optimiser, the training loop and its checkpoints. The
 * samples come from a {@link glimt.training.learning.Dataset}.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.learning;

import org.jspecify.annotations.NullMarked;
