package glimt.image;

import glimt.diffusion.Region;
import glimt.job.Format;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.Preview;
import glimt.media.Stills;
import glimt.model.Level;
import glimt.model.Port.PortSource;
import glimt.model.Segment;
import glimt.model.Span;
import glimt.pipeline.Below;
import glimt.pipeline.Modality;
import glimt.pipeline.Mosaic;
import glimt.safety.watermark.Watermark;
import glimt.video.Enlargement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The modality of images, whose axes are height and width. */
public record PictureModality() implements Modality {
  /** An image uses the same noise as the first frame of a video. */
  @Override
  public Region region(Level level, Segment segment) {
    return region(level.channels(), segment);
  }

  private static Region region(int channels, Segment segment) {
    Span rows = segment.spans().get(0);
    Span columns = segment.spans().get(1);
    return new Region.FrameWindow(
        0, 1, channels, rows.start(), rows.length(), columns.start(), columns.length());
  }

  @Override
  public Below below(Mosaic.Fragment sample, Level below, Level level, Segment segment) {
    int height = below.extents().get(0);
    int width = below.extents().get(1);
    boolean byCorners =
        level.ports().stream().anyMatch(port -> port.feed() == PortSource.BELOW_BY_CORNERS);
    Enlargement enlargement =
        new Enlargement(1, height, width, 1, level.extents().get(1) / width, byCorners);
    Span rows = segment.spans().get(0);
    Span columns = segment.spans().get(1);
    Enlargement.Part part =
        new Enlargement.Part(0, 1, rows.start(), rows.length(), columns.start(), columns.length());
    Enlargement.Part needed = enlargement.needed(part);
    Segment cut =
        new Segment(
            List.of(
                new Span(needed.y(), needed.y() + needed.height()),
                new Span(needed.x(), needed.x() + needed.width())));
    int channels = below.channels(); // those of a picture, also where this level's are a latent's
    float[] seen = Mosaic.of(below).cut(cut, sample);
    if (level.codec() != null) { // an upscaler, which is given pictures: what can be shown
      for (int i = 0; i < seen.length; i++) {
        seen[i] = Math.clamp(seen[i], -1f, 1f);
      }
    }
    float[] ground = enlargement.part(seen, part, channels);
    long[] shape = new Mosaic(level.axes(), channels).shape(segment);
    return new Below(ground, shape, ground, region(channels, segment));
  }

  @Override
  public byte[] file(Seen seen, Format format, @Nullable Integer mark, Ffmpeg ffmpeg)
      throws InterruptedException {
    Frames frames = frames(seen).enlarged(seen.scale());
    Frames shown = mark == null ? frames : Watermark.marked(frames, mark);
    return new Stills(ffmpeg).bytes(shown.picture(0), format);
  }

  @Override
  public Preview preview(Seen seen) {
    return Preview.of(frames(seen));
  }

  private static Frames frames(Seen seen) {
    long[] shape = seen.shape();
    return Frames.ofSample(seen.values(), 1, (int) shape[1], (int) shape[2], 1);
  }
}
