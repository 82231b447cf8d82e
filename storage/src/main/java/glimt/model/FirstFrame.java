package glimt.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a picture that a job gives becomes the first frame of a level's clip.
 *
 * @param kept how the sample keeps the picture's latent as its first frame, where a job gives one;
 *     null if only ports tell the network of the picture, so that every job needs one
 * @param vision the network whose states of the picture feed ports; null if none does
 */
public record FirstFrame(@Nullable HeldFrame kept, @Nullable Vision vision) {

  /**
   * The sample's first frame is the picture's latent, which the network is told to have no noise:
   * the timesteps of its tokens are 0 (HaCohen et al. 2024, arXiv:2501.00103, section 3.4).
   *
   * @param patch how many frames, rows and columns of the sample are one token
   * @param noise n times the square of the noise level's share of the whole walk is the standard
   *     deviation of the noise on the picture's latent, which lets the clip begin to move; 0 for
   *     none
   */
  public record HeldFrame(List<Integer> patch, double noise) {
    public HeldFrame {
      patch = List.copyOf(patch);
      if (patch.size() != 3 || patch.getFirst() != 1 || patch.stream().anyMatch(one -> one < 1)) {
        throw new IllegalArgumentException(
            "a clip that keeps its first frame has tokens of one frame, rows and columns, not "
                + patch);
      }
      if (!(noise >= 0)) {
        throw new IllegalArgumentException("a kept frame has noise of 0 or more, not " + noise);
      }
    }
  }

  /**
   * A network that reads pictures (Radford et al. 2021, arXiv:2103.00020).
   *
   * @param network the stem of its source and weights
   * @param side of the square that it sees, in pixels
   * @param means of its three colours, from 0 to 1, which are subtracted
   * @param deviations by which they are then divided
   */
  public record Vision(String network, int side, List<Double> means, List<Double> deviations) {
    public Vision {
      means = List.copyOf(means);
      deviations = List.copyOf(deviations);
      if (side < 1 || means.size() != 3 || deviations.size() != 3 || deviations.contains(0.0)) {
        throw new IllegalArgumentException(
            "a network that reads pictures needs a side, three means and three deviations, not %s, %s and %s"
                .formatted(side, means, deviations));
      }
    }
  }

  /** Whether every job needs a picture. */
  public boolean needed() {
    return kept == null;
  }
}
