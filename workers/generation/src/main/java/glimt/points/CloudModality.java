package glimt.points;

import glimt.diffusion.Region;
import glimt.job.Format;
import glimt.media.Ffmpeg;
import glimt.media.PointCloud;
import glimt.media.Preview;
import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import glimt.pipeline.Below;
import glimt.pipeline.Modality;
import glimt.pipeline.Mosaic;
import glimt.safety.watermark.CloudMark;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** The modality of point clouds, whose only axis is the points. */
public record CloudModality() implements Modality {
  @Override
  public Region region(Level level, Segment segment) {
    Span points = segment.spans().getFirst();
    return new Region.PointRange(points.start(), points.length(), level.channels());
  }

  /** The network receives the whole base, rotated so that the parents of the segment come first. */
  @Override
  public Below below(Mosaic.Fragment sample, Level below, Level level, Segment segment) {
    Axis parents = below.axis("points");
    Span children = segment.spans().getFirst();
    Mosaic mosaic = Mosaic.of(below);
    float[] base = mosaic.cut(mosaic.whole(), sample);
    return new Below(
        PointLevels.below(base, children.start()),
        new long[] {parents.extent(), below.channels()},
        PointLevels.parents(base, children.start(), children.length()),
        // The base is rotated, so its noise is rotated equally.
        new Region.PointRange(children.start(), parents.extent(), below.channels()));
  }

  @Override
  public byte[] file(Seen seen, Format format, @Nullable Integer mark, Ffmpeg ffmpeg) {
    PointCloud cloud = cloud(seen);
    return (mark == null ? cloud : CloudMark.marked(cloud, mark)).encoded(format);
  }

  @Override
  public Preview preview(Seen seen) {
    return Preview.of(cloud(seen));
  }

  /**
   * Converts the standardised values of a sample to coordinates and colours, with the scale and
   * offset of the card.
   */
  private static PointCloud cloud(Seen seen) {
    FloatBuffer values = seen.values();
    int channels = seen.level().channels();
    float[] rows = new float[values.capacity()];
    for (int i = 0; i < rows.length; i++) {
      int channel = i % channels;
      rows[i] =
          (float)
              (values.get(i) * seen.card().scale().get(channel)
                  + seen.card().offset().get(channel));
    }
    return PointCloud.ofRows(rows);
  }
}
