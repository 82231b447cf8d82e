/**
 * Trains a single network: objectives, the optimiser, the training loop and its checkpoints. The
 * samples come from a {@link glimt.training.learning.Dataset}.
 *
 * <p>This package uses no actors, SQL or HTTP.
 */
@NullMarked
package glimt.training.learning;

import org.jspecify.annotations.NullMarked;
