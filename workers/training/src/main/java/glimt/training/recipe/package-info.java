/**
 * Defines recipes: JSON files that specify a bundle's card, its networks and the training of each
 * network.
 *
 * <p>No tensors, no clock, no randomness, no actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.recipe;

import org.jspecify.annotations.NullMarked;
