package glimt.job;

import glimt.model.Refinement;

/**
 * What a job begins with instead of with noise alone (SDEdit, Meng et al. 2022).
 *
 * @param image a picture in the store of artifacts
 * @param strength the share of the base level's steps that are walked from there, above 0 and up to
 *     1
 */
public record JobInput(ArtifactId image, double strength) {
  /** As much as diffusers' image to image walks unless it is told otherwise. */
  public static final double USUAL_STRENGTH = 0.8;

  /**
   * Checks the strength.
   *
   * @throws InvalidSpec if it is out of its limits
   */
  public JobInput {
    try {
      Refinement.checkStrength(strength);
    } catch (IllegalArgumentException e) {
      throw new InvalidSpec("strength", "must be above 0 and up to 1, not " + strength);
    }
  }
}
