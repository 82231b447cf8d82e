package glimt.video;

import glimt.diffusion.Region;
import glimt.job.Format;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.Preview;
import glimt.media.Video;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import glimt.pipeline.Below;
import glimt.pipeline.Modality;
import glimt.pipeline.Mosaic;
import glimt.safety.watermark.Watermark;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The modality of videos, whose axes are frames, height and width. */
public record FramesModality() implements Modality {
  @Override
  public Region region(Level level, Segment segment) {
    List<Span> spans = segment.spans();
    return new Region.FrameWindow(
        spans.get(0).start(),
        spans.get(0).length(),
        level.channels(),
        spans.get(1).start(),
        spans.get(1).length(),
        spans.get(2).start(),
        spans.get(2).length());
  }

  @Override
  public Below below(Mosaic.Fragment sample, Level below, Level level, Segment segment) {
    List<Integer> few = below.extents();
    List<Integer> many = level.extents();
    Enlargement enlargement =
        new Enlargement(
            few.get(0),
            few.get(1),
            few.get(2),
            Math.ceilDiv(many.get(0), few.get(0)),
            many.get(2) / few.get(2));
    List<Span> spans = segment.spans();
    Enlargement.Part part =
        new Enlargement.Part(
            spans.get(0).start(),
            spans.get(0).length(),
            spans.get(1).start(),
            spans.get(1).length(),
            spans.get(2).start(),
            spans.get(2).length());
    Enlargement.Part needed = enlargement.needed(part);
    Segment cut =
        new Segment(
            List.of(
                new Span(needed.frame(), needed.frame() + needed.frames()),
                new Span(needed.y(), needed.y() + needed.height()),
                new Span(needed.x(), needed.x() + needed.width())));
    float[] ground = enlargement.part(Mosaic.of(below).cut(cut, sample), part, level.channels());
    return new Below(ground, Mosaic.of(level).shape(segment), ground, region(level, segment));
  }

  @Override
  public byte[] file(Seen seen, Format format, @Nullable Integer mark, Ffmpeg ffmpeg)
      throws InterruptedException {
    Frames frames = frames(seen).enlarged(seen.scale());
    return new Video(ffmpeg).bytes(mark == null ? frames : Watermark.marked(frames, mark), format);
  }

  @Override
  public Preview preview(Seen seen) {
    return Preview.of(frames(seen));
  }

  /**
   * Reduces the frame rate of levels with fewer frames, so that all levels have the same duration.
   */
  private static Frames frames(Seen seen) {
    long[] shape = seen.shape();
    BundleCard card = seen.card();
    return Frames.ofSample(
        seen.values(),
        (int) shape[0],
        (int) shape[2],
        (int) shape[3],
        rate(card, seen.level().name()));
  }

  /** Returns how many frames a second of a level's clip has. */
  public static double rate(BundleCard card, String level) {
    double share = (double) usual(card, level) / usual(card, card.levels().getLast().name());
    return card.fps() * share;
  }

  /** The number of decoded frames of a level at its default size. */
  private static int usual(BundleCard card, String name) {
    Level level = card.level(name);
    Codec codec = level.codec();
    int frames = level.axis("frames").extent();
    return codec == null ? frames : codec.decoded(0, frames);
  }
}
