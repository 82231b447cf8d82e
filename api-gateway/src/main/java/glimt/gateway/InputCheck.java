package glimt.gateway;

import glimt.job.InvalidSpec;
import glimt.job.JobInput;
import glimt.ledger.Bundles;
import glimt.model.BundleCard;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Pictures and clips that jobs begin with: which models take them, and that they are there.
 *
 * @param bundles the catalogue
 * @param images uploaded pictures
 * @param clips uploaded clips
 */
record InputCheck(Bundles bundles, InputImages images, InputClips clips) {
  /** Whether a model can begin with what a job gives, which may be nothing. */
  static Predicate<Bundles.Offer> taking(@Nullable JobInput input) {
    return offer -> input == null || takes(offer.bundle().card(), input);
  }

  private static boolean takes(BundleCard card, JobInput input) {
    return input.video() == null ? card.takesPicture() : card.takesClip();
  }

  /**
   * Keeps what a job begins with until the job is written.
   *
   * @throws InvalidSpec if it is not there, or the model cannot begin with it; names those that can
   */
  void keep(JobInput input, BundleCard card) {
    if (!takes(card, input)) {
      List<String> others =
          bundles.offers().stream()
              .filter(offer -> offer.standing() != Bundles.Standing.GONE)
              .filter(taking(input))
              .map(offer -> offer.bundle().card().name())
              .toList();
      throw new InvalidSpec(
          input.video() == null ? "input_image" : "input_video",
          "does not go with %s, which cannot begin with one; %s"
              .formatted(
                  card.name(),
                  others.isEmpty()
                      ? "no model of this farm can"
                      : "those that can are " + String.join(", ", others)));
    }
    if (input.image() != null) {
      images.keep(input.image());
    }
    if (input.video() != null) {
      clips.keep(input.video());
    }
  }
}
