package glimt.training.motions;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.LatentDecoder.SeenBelow;
import glimt.training.evaluation.Candidate;
import glimt.training.pictures.PictureDecoder;
import java.util.List;
import java.util.Objects;

/** Decodes samples of both levels of moving pictures, one clip at a time. */
final class ClipDecoder implements AutoCloseable {
  /** The height and width of a frame in pixels. */
  static final int SIDE = 128;

  private final PictureDecoder pictures;
  private final Codec codec;
  private final Network frames;
  private final NDManager memory = NDManager.newBaseManager("PyTorch");

  /** Opens both decoders of a candidate. */
  ClipDecoder(Candidate candidate) {
    BundleCard card = candidate.card();
    Codec picture = codec(card, 0);
    this.pictures = new PictureDecoder(picture, candidate.part(picture.network()));
    this.codec = codec(card, 1);
    this.frames = candidate.part(codec.network());
  }

  private static Codec codec(BundleCard card, int level) {
    return Objects.requireNonNull(card.levels().get(level).codec(), "the level has a codec");
  }

  /**
   * Decodes a clip.
   *
   * @param levels the samples of the picture and of the motion, in the units of their levels
   * @return [24, 3, 128, 128] from -1 to 1
   */
  float[] clip(List<float[]> levels) {
    return moved(pictures.decoded(levels.getFirst()), levels.getLast());
  }

  /**
   * Moves a picture.
   *
   * @param picture [3, 128, 128] from -1 to 1
   * @param motion [24, 4] in the units of the level
   */
  float[] moved(float[] picture, float[] motion) {
    SeenBelow below = new SeenBelow(picture, new long[] {1, 3, SIDE, SIDE});
    long[] shape = {Journey.FRAMES, Journey.VALUES, 1, 1};
    return new LatentDecoder(codec, frames, below).decoded(memory, motion, shape, 1);
  }

  /** Moves a picture along a true journey. */
  float[] moved(float[] picture, Journey journey) {
    return moved(picture, Journeys.normalised(codec, journey.values()));
  }

  @Override
  public void close() {
    pictures.close();
    frames.close();
    memory.close();
  }
}
