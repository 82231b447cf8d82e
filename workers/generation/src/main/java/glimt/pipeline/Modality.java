package glimt.pipeline;

import glimt.diffusion.Region;
import glimt.job.Format;
import glimt.media.Ffmpeg;
import glimt.media.Preview;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Segment;

/**
 * What a kind of sample knows of itself: where its noise lies, how a level is enlarged to the next,
 * and how people see it. Everything else works on named axes and does not ask what they count.
 */
public interface Modality {
  /** Where a segment lies in the noise of the whole. */
  Region region(Level level, Segment segment);

  /**
   * What a segment is conditioned on and predicts a residual over: its part of the level below,
   * enlarged.
   *
   * @param sample the sample of the level below, of which no more is read than is needed
   * @param below the level below, at its size
   */
  Below below(Mosaic.Fragment sample, Level below, Level level, Segment segment);

  /**
   * A file that people can open, of a whole level as they see it.
   *
   * @param ffmpeg writes what the JDK cannot
   */
  byte[] file(Seen seen, Format format, Ffmpeg ffmpeg) throws InterruptedException;

  /** A small picture of a part of a level, or of all of it, as far as it has come. */
  Preview preview(Seen seen);

  /**
   * A sample, or a piece of one, as people see it.
   *
   * @param card says what its values are worth
   * @param level it is of, at its size
   * @param values of what people see: frames, pixels, points
   * @param shape of the values
   * @param scale how many pixels of a file each pixel becomes
   */
  record Seen(BundleCard card, Level level, float[] values, long[] shape, int scale) {}
}
