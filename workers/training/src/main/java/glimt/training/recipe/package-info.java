/**
 * What a recipe may say: one JSON file that defines a bundle's card, its networks and how each of
 * them is trained.
 *
 * <p>No tensors, no clock, no randomness, no actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.recipe;

import org.jspecify.annotations.NullMarked;
