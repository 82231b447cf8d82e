package glimt.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a level begins with the level below instead of with noise alone: what that made is enlarged,
 * noised as far as some step of the walk, and denoised from there (SDEdit, Meng et al. 2022,
 * arXiv:2108.01073; diffusers' image to image and video to video).
 *
 * @param strength the share of the walk's steps that are walked, above 0 and up to 1
 * @param upsampler enlarges the latents of the level below; null if its visible result is resized
 *     and encoded
 */
public record Refinement(double strength, @Nullable Upsampler upsampler) {
  /** A refinement of what people see of the level below. */
  public Refinement(double strength) {
    this(strength, null);
  }

  public Refinement {
    checkStrength(strength);
  }

  /**
   * A network that enlarges latents (HaCohen et al. 2024, arXiv:2501.00103).
   *
   * @param network the stem of its source and weights
   * @param factors how many positions each position becomes, an axis each; where a codec's first
   *     position stands for itself, the first stays one
   * @param adaptation how far the channels get the means and spreads of the small latents, 0 to 1
   * @param compression how far large values are pulled in, 0 to 1
   */
  public record Upsampler(
      String network, List<Integer> factors, double adaptation, double compression) {
    public Upsampler {
      factors = List.copyOf(factors);
      if (factors.stream().anyMatch(factor -> factor < 1)) {
        throw new IllegalArgumentException("an upsampler's factors are 1 or more, not " + factors);
      }
      if (!(adaptation >= 0 && adaptation <= 1) || !(compression >= 0 && compression <= 1)) {
        throw new IllegalArgumentException(
            "adaptation and compression are 0 to 1, not %s and %s"
                .formatted(adaptation, compression));
      }
    }
  }

  /** Checks a share of a walk's steps. */
  public static void checkStrength(double strength) {
    if (!(strength > 0 && strength <= 1)) {
      throw new IllegalArgumentException("strength is above 0 and up to 1, not " + strength);
    }
  }

  /**
   * How many of a walk's steps are skipped: all but the last ⌊steps × strength⌋.
   *
   * @throws IllegalArgumentException if that leaves none
   */
  public static int skipped(int steps, double strength) {
    int walked = Math.min((int) (steps * strength), steps);
    if (walked < 1) {
      throw new IllegalArgumentException(
          "a strength of %s leaves none of %s steps; ask for %s steps or more"
              .formatted(strength, steps, (int) Math.ceil(1 / strength)));
    }
    return steps - walked;
  }
}
