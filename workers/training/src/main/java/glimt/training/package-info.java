/**
 * Produces and measures bundles from recipes: {@link glimt.training.Training} trains the networks,
 * {@link glimt.training.Assembly} assembles the bundle, and {@link glimt.training.Evaluation}
 * measures its quality. Only this package selects datasets by name.
 *
 * <p>No actors, no SQL, no HTTP, no tensors.
 */
@NullMarked
package glimt.training;

import org.jspecify.annotations.NullMarked;
