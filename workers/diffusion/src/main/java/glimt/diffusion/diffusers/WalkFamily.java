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

  /** The same walks with the chain and the times that diffusers computes in 32 bits, if it does. */
  default WalkFamily inSinglePrecision() {
    return this;
  }
}
