package glimt.pipeline;

import glimt.diffusion.Region;
import glimt.job.Format;
import glimt.media.Ffmpeg;
import glimt.media.Preview;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Segment;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The operations that depend on the kind of sample: locating its noise, enlarging one level to the
 * next, and encoding files and previews. All other code works on named axes, whatever they count.
 */
public interface Modality {
  /** The region of a segment within the noise of the whole sample. */
  Region region(Level level, Segment segment);

  /**
   * The part of the level below that belongs to a segment, enlarged. The network is conditioned on
   * it and predicts a residual over it.
   *
   * @param sample the sample of the level below, of which only the necessary part is read
   * @param below the level below, resolved to its size
   */
  Below below(Mosaic.Fragment sample, Level below, Level level, Segment segment);

  /**
   * Encodes a whole decoded level as a file.
   *
   * @param mark the watermark to hide in the file, where the kind has one; null for none
   * @param ffmpeg encodes the formats that the JDK does not support
   * @throws InterruptedException if this thread is interrupted while ffmpeg runs
   */
  byte[] file(Seen seen, Format format, @Nullable Integer mark, Ffmpeg ffmpeg)
      throws InterruptedException;

  /** A preview of a part of a level, or of a whole level, at an intermediate step. */
  Preview preview(Seen seen);

  /**
   * A decoded sample, or a piece of one.
   *
   * @param card the card, which gives the units of the values
   * @param level the level of the sample, resolved to its size
   * @param values decoded frames, pixels or points, row-major, perhaps in a mapped file
   * @param shape the shape of the values
   * @param scale the factor by which a file enlarges each pixel
   */
  record Seen(BundleCard card, Level level, FloatBuffer values, long[] shape, int scale) {}
}
