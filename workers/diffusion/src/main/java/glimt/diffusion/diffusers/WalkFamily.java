package glimt.diffusion.diffusers;

import glimt.diffusion.Chain;
import glimt.diffusion.WalkRecipe;
import java.util.Optional;

/**
 * A scheduler configuration that has been read, from which walks with individual parameters can be
 * built.
 */
@FunctionalInterface
interface WalkFamily {

  /** Builds the walk with the given parameters. */
  WalkRecipe walk(PublishedSettings asked);

  /** The chain that the network was trained on, if it was trained on one. */
  default Optional<Chain> trainedOn() {
    return Optional.empty();
  }

  /** The same walks, their times computed in 32 bits where diffusers does so. */
  default WalkFamily single() {
    return this;
  }
}
