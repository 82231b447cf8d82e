package glimt.worker;

import glimt.job.Format;
import glimt.job.Work;
import glimt.media.Frames;
import glimt.media.PointCloud;
import glimt.media.Preview;
import glimt.media.Video;
import glimt.model.BundleCard;
import glimt.model.Level;

/** A sample, or a segment of one, as people see it. */
record Rendering(BundleCard card, Level level) {
  /** The whole sample of the level as a file people can open. */
  byte[] file(float[] sample, long[] shape, Work.Assemble work, Format format, Video video)
      throws InterruptedException {
    return switch (card.kind()) {
      case VIDEO -> video.bytes(frames(sample, shape).enlarged(work.enlargement()), format);
      case POINTS -> cloud(sample).encoded(format);
    };
  }

  Preview preview(float[] sample, long[] shape) {
    return switch (card.kind()) {
      case VIDEO -> Preview.of(frames(sample, shape));
      case POINTS -> Preview.of(cloud(sample));
    };
  }

  private Frames frames(float[] sample, long[] shape) {
    double share =
        (double) level.axis("frames").extent() / card.levels().getLast().axis("frames").extent();
    return Frames.ofSample(
        sample, (int) shape[0], (int) shape[2], (int) shape[3], card.fps() * share);
  }

  /** Values of a cloud's sample are standardised; the card says what they are worth. */
  private PointCloud cloud(float[] sample) {
    int channels = level.channels();
    float[] rows = new float[sample.length];
    for (int i = 0; i < rows.length; i++) {
      int channel = i % channels;
      rows[i] = (float) (sample[i] * card.scale().get(channel) + card.offset().get(channel));
    }
    return PointCloud.ofRows(rows);
  }
}
