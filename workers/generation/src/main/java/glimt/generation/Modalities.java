package glimt.generation;

import glimt.image.PictureModality;
import glimt.model.Kind;
import glimt.pipeline.Modality;
import glimt.points.CloudModality;
import glimt.video.FramesModality;

/**
 * Selects the {@link Modality} of each kind of sample. No other code distinguishes between kinds.
 */
public final class Modalities {
  private Modalities() {}

  /** The modality that implements a kind. */
  public static Modality of(Kind kind) {
    return switch (kind) {
      case IMAGE -> new PictureModality();
      case VIDEO -> new FramesModality();
      case POINTS -> new CloudModality();
    };
  }
}
