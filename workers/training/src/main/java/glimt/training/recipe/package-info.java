/**
 * Defines recipes: JSON files that specify a bundle's card, its networks and the training of each
 * network.
 *
 * <p>This package uses no tensors, clock, random numbers, actors, SQL or HTTP.
 */
@NullMarked
package glimt.training.recipe;

import org.jspecify.annotations.NullMarked;
