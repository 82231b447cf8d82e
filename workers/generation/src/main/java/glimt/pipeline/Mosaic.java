package glimt.pipeline;

import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.List;

/**
 * A level's sample and its segments. Every sample is laid out {@code [first axis, channels, other
 * axes …]}: {@code [frames, 3, height, width]} or {@code [points, 6]}.
 */
public final class Mosaic {
  private Mosaic() {}

  /** The shape of one segment of a level. */
  public static long[] shape(Level level, Segment segment) {
    long[] shape = new long[segment.spans().size() + 1];
    shape[0] = segment.spans().getFirst().length();
    shape[1] = level.channels();
    for (int axis = 1; axis < segment.spans().size(); axis++) {
      shape[axis + 1] = segment.spans().get(axis).length();
    }
    return shape;
  }

  /** The shape of a whole sample of a level. */
  public static long[] shape(Level level) {
    return shape(level, whole(level));
  }

  /** The segment that is everything. */
  public static Segment whole(Level level) {
    return new Segment(level.axes().stream().map(axis -> new Span(0, axis.extent())).toList());
  }

  /** One segment cut out of a whole sample. */
  public static float[] cut(Level level, Segment segment, float[] whole) {
    Walk walk = new Walk(level, segment);
    float[] piece = new float[walk.size];
    for (int i = 0; i < piece.length; i++) {
      piece[i] = whole[walk.indexInWhole(i)];
    }
    return piece;
  }

  /**
   * The segments blended to a whole sample: each value is the mean of those the segments have for
   * it, weighted by the product of {@link Axis#weight} over the axes.
   *
   * @param pieces in the order of {@link Level#segments}
   */
  public static float[] joined(Level level, List<float[]> pieces) {
    List<Segment> segments = level.segments();
    if (pieces.size() != segments.size()) {
      throw new IllegalArgumentException(
          "level %s has %s segments, not %s"
              .formatted(level.name(), segments.size(), pieces.size()));
    }
    int size = new Walk(level, whole(level)).size;
    double[] sums = new double[size];
    double[] weights = new double[size];
    for (int s = 0; s < segments.size(); s++) {
      Walk walk = new Walk(level, segments.get(s));
      float[] piece = pieces.get(s);
      if (piece.length != walk.size) {
        throw new IllegalArgumentException(
            "segment %s of level %s has %s values, not %s"
                .formatted(s, level.name(), piece.length, walk.size));
      }
      for (int i = 0; i < piece.length; i++) {
        int at = walk.indexInWhole(i);
        double weight = walk.weight(i);
        sums[at] += weight * piece[i];
        weights[at] += weight;
      }
    }
    float[] whole = new float[size];
    for (int i = 0; i < size; i++) {
      whole[i] = (float) (sums[i] / weights[i]);
    }
    return whole;
  }

  /** Finds each value of a segment, in its own order, in the whole sample. */
  private static final class Walk {
    private final List<Axis> axes;
    private final Segment segment;
    private final int channels;
    private final int size;

    private Walk(Level level, Segment segment) {
      this.axes = level.axes();
      this.segment = segment;
      this.channels = level.channels();
      int values = channels;
      for (Span span : segment.spans()) {
        values = Math.multiplyExact(values, span.length());
      }
      this.size = values;
    }

    private int indexInWhole(int i) {
      int index = 0;
      int stride = 1;
      int rest = i;
      for (int axis = axes.size() - 1; axis >= 0; axis--) {
        if (axis == 0) {
          index += rest % channels * stride;
          stride *= channels;
          rest /= channels;
        }
        Span span = segment.spans().get(axis);
        index += (span.start() + rest % span.length()) * stride;
        stride *= axes.get(axis).extent();
        rest /= span.length();
      }
      return index;
    }

    private double weight(int i) {
      double weight = 1;
      int rest = i;
      for (int axis = axes.size() - 1; axis >= 0; axis--) {
        if (axis == 0) {
          rest /= channels;
        }
        Span span = segment.spans().get(axis);
        weight *= axes.get(axis).weight(span, span.start() + rest % span.length());
        rest /= span.length();
      }
      return weight;
    }
  }
}
