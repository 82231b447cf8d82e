package glimt.job;

import glimt.model.Refinement;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a job begins with instead of with noise alone: a picture or a clip that is noised and
 * denoised again (SDEdit, Meng et al. 2022), or a picture that a clip has as its first frame.
 *
 * @param image a picture in the store of artifacts; null if it begins with a clip
 * @param strength the share of the base level's steps that are walked from there, above 0 and up to
 *     1; null for a picture that becomes the first frame
 * @param video a clip in the store of artifacts; null if it begins with a picture
 */
public record JobInput(
    @Nullable ArtifactId image, @Nullable Double strength, @Nullable ArtifactId video) {
  /** As much as diffusers' image to image walks unless it is told otherwise. */
  public static final double USUAL_STRENGTH = 0.8;

  /**
   * Checks the values.
   *
   * @throws InvalidSpec if there is not one of picture and clip, or the strength is out of its
   *     limits
   */
  public JobInput {
    if ((image == null) == (video == null)) {
      throw new InvalidSpec("input_video", "must not go with an input_image; give one of them");
    }
    if (strength == null && video != null) {
      throw new InvalidSpec("strength", "must say how far the input_video is changed");
    }
    try {
      if (strength != null) {
        Refinement.checkStrength(strength);
      }
    } catch (IllegalArgumentException e) {
      throw new InvalidSpec("strength", "must be above 0 and up to 1, not " + strength);
    }
  }

  /** A picture that is noised and denoised again. */
  public static JobInput changed(ArtifactId image, double strength) {
    return new JobInput(image, strength, null);
  }

  /** A picture that a clip begins with. */
  public static JobInput firstFrame(ArtifactId image) {
    return new JobInput(image, null, null);
  }

  /** A clip that is noised and denoised again. */
  public static JobInput clip(ArtifactId video, double strength) {
    return new JobInput(null, strength, video);
  }

  /** Returns the artifact that it names. */
  public ArtifactId artifact() {
    return image != null ? image : Objects.requireNonNull(video);
  }
}
