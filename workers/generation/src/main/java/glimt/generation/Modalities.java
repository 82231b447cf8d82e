package glimt.generation;

import glimt.image.PictureModality;
import glimt.model.Kind;
import glimt.pipeline.Modality;
import glimt.points.CloudModality;
import glimt.video.FramesModality;

/** Which modality a kind of sample is: the one place that asks. */
public final class Modalities {
  private Modalities() {}

  /** The modality of a kind. */
  public static Modality of(Kind kind) {
    return switch (kind) {
      case IMAGE -> new PictureModality();
      case VIDEO -> new FramesModality();
      case POINTS -> new CloudModality();
    };
  }
}
