/**
 * How one network learns: the objective that turns clean samples into a loss, the optimiser, the
 * loop around both and its checkpoints. What the samples show is the {@link
 * glimt.training.learning.Dataset}'s affair.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.learning;

import org.jspecify.annotations.NullMarked;
