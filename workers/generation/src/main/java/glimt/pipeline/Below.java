package glimt.pipeline;

import glimt.model.Axis;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import glimt.points.PointLevels;
import glimt.video.Enlargement;

/**
 * What a segment inherits from the level below.
 *
 * @param seen what the network is shown
 * @param shape of {@code seen}
 * @param ground what the network's residual is added to, of the segment's shape
 */
record Below(float[] seen, long[] shape, float[] ground) {

  /**
   * @param sample the whole sample of the level below
   */
  static Below of(Kind kind, float[] sample, Level below, Level level, Segment segment) {
    return switch (kind) {
      case VIDEO -> ofFrames(sample, below, level, segment);
      case POINTS -> ofPoints(sample, below, segment);
    };
  }

  private static Below ofFrames(float[] sample, Level below, Level level, Segment segment) {
    int width = below.axis("width").extent();
    int height = below.axis("height").extent();
    int few = below.axis("frames").extent();
    int many = level.axis("frames").extent();
    float[] large = sample;
    if (many > few) {
      int plane = level.channels() * height * width;
      large = Enlargement.inTime(large, plane, Math.ceilDiv(many, few), many);
    }
    if (level.axis("width").extent() > width) {
      large = Enlargement.inSpace(large, height, width, level.axis("width").extent() / width);
    }
    float[] ground = Mosaic.cut(level, segment, large);
    return new Below(ground, Mosaic.shape(level, segment), ground);
  }

  private static Below ofPoints(float[] sample, Level below, Segment segment) {
    Axis parents = below.axis("points");
    Span children = segment.spans().getFirst();
    return new Below(
        PointLevels.below(sample, children.start()),
        new long[] {parents.extent(), below.channels()},
        PointLevels.parents(sample, children.start(), children.length()));
  }
}
