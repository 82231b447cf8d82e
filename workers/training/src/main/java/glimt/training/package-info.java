/**
 * From a recipe to a bundle whose quality is known: {@link glimt.training.Training} trains its
 * networks, {@link glimt.training.Assembly} puts them together, {@link glimt.training.Evaluation}
 * measures them. Only here is a dataset chosen by its name.
 *
 * <p>No actors, no SQL, no HTTP, no tensors.
 */
@NullMarked
package glimt.training;

import org.jspecify.annotations.NullMarked;
