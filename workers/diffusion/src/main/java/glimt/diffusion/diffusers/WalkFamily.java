package glimt.diffusion.diffusers;

import glimt.diffusion.Chain;
import glimt.diffusion.WalkRecipe;
import java.util.Optional;

/** Walks whose settings are read, but for what is asked of each. */
@FunctionalInterface
interface WalkFamily {

  /** The walk that is asked for. */
  WalkRecipe walk(PublishedSettings asked);

  /** The chain the network was trained on, where it was trained on one. */
  default Optional<Chain> trainedOn() {
    return Optional.empty();
  }
}
