/**
 * The animated sprites that datasets draw their samples from, and how their archives are read.
 *
 * <p>No actors, no SQL, no HTTP, no tensors.
 */
@NullMarked
package glimt.training.sprites;

import org.jspecify.annotations.NullMarked;
