package glimt.pipeline;

import glimt.model.Axis;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A sample and its pieces. Every sample is laid out row by row {@code [first axis, channels, other
 * axes …]}: {@code [frames, 3, height, width]} or {@code [points, 6]}; a picture has no first axis:
 * {@code [3, height, width]}.
 *
 * @param axes of the whole sample, and how it is cut
 * @param channels values at each position
 */
public record Mosaic(List<Axis> axes, int channels) {
  public Mosaic {
    axes = List.copyOf(axes);
  }

  /** The sample of a level. */
  public static Mosaic of(Level level) {
    return new Mosaic(level.axes(), level.channels());
  }

  /** One piece of a sample with its values, laid out as the whole is. */
  public record Fragment(Segment segment, FloatBuffer values) {}

  /** Where the channels stand among the axes. */
  private int channelPlace() {
    return axes.getFirst().name().equals("height") ? 0 : 1;
  }

  /** How many values of one channel stand together in an array of this shape. */
  public int valuesPerChannel(long[] shape) {
    int inner = 1;
    for (int dimension = channelPlace() + 1; dimension < shape.length; dimension++) {
      inner *= (int) shape[dimension];
    }
    return inner;
  }

  /** The segment that is everything. */
  public Segment whole() {
    return new Segment(axes.stream().map(axis -> new Span(0, axis.extent())).toList());
  }

  /** The shape of one piece. */
  public long[] shape(Segment segment) {
    List<Long> shape = new ArrayList<>();
    segment.spans().forEach(span -> shape.add((long) span.length()));
    shape.add(channelPlace(), (long) channels);
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  /** The extents of an array of this shape, an axis each. */
  public List<Integer> extents(long[] shape) {
    List<Integer> extents = new ArrayList<>();
    for (int dimension = 0; dimension < shape.length; dimension++) {
      if (dimension != channelPlace()) {
        extents.add(Math.toIntExact(shape[dimension]));
      }
    }
    return extents;
  }

  /** The shape of what a codec makes of a piece of a latent. */
  public long[] decodedShape(Codec codec, long[] shape) {
    List<Integer> extents = extents(shape);
    List<Long> decoded = new ArrayList<>();
    for (int axis = 0; axis < extents.size(); axis++) {
      decoded.add((long) codec.decoded(axis, extents.get(axis)));
    }
    decoded.add(channelPlace(), (long) codec.channels());
    return decoded.stream().mapToLong(Long::longValue).toArray();
  }

  /** How many values a piece has. */
  public int size(Segment segment) {
    return Math.toIntExact(Arrays.stream(shape(segment)).reduce(1, Math::multiplyExact));
  }

  /**
   * One piece cut out of a larger one.
   *
   * @param from the larger piece; it may lie in a file that is mapped
   */
  public float[] cut(Segment segment, Fragment from) {
    float[] out = new float[size(segment)];
    runs(
        segment,
        from.segment(),
        (mine, theirs, length) -> from.values().get(theirs, out, mine, length));
    return out;
  }

  /** One piece cut out of a whole sample. */
  public float[] cut(Segment segment, float[] whole) {
    return cut(segment, new Fragment(whole(), FloatBuffer.wrap(whole)));
  }

  /**
   * Blends pieces over a target: each value is the mean of those that the pieces have for it,
   * weighted by the product of {@link Axis#weight} over the axes. What no piece covers is an error.
   *
   * @param pieces in a fixed order, since sums depend on it
   */
  public float[] blend(Segment target, List<Fragment> pieces) {
    int size = size(target);
    double[] sums = new double[size];
    double[] weights = new double[size];
    for (Fragment piece : pieces) {
      Optional<Segment> common = piece.segment().common(target);
      if (common.isPresent()) {
        add(piece, common.get(), target, sums, weights);
      }
    }
    float[] blended = new float[size];
    for (int i = 0; i < size; i++) {
      if (weights[i] == 0) {
        throw new IllegalArgumentException("no piece covers value " + i + " of " + target.spans());
      }
      blended[i] = (float) (sums[i] / weights[i]);
    }
    return blended;
  }

  /** All pieces of a whole sample, in the order of their segments, blended. */
  public float[] joined(List<Segment> segments, List<float[]> values) {
    if (values.size() != segments.size()) {
      throw new IllegalArgumentException(
          "there are %s segments, not %s".formatted(segments.size(), values.size()));
    }
    List<Fragment> pieces = new ArrayList<>();
    for (int i = 0; i < segments.size(); i++) {
      float[] piece = values.get(i);
      if (piece.length != size(segments.get(i))) {
        throw new IllegalArgumentException(
            "segment %s has %s values, not %s".formatted(i, piece.length, size(segments.get(i))));
      }
      pieces.add(new Fragment(segments.get(i), FloatBuffer.wrap(piece)));
    }
    return blend(whole(), pieces);
  }

  /** The whole cut across its first axis into targets of at most so many values, one at least. */
  public List<Segment> slabs(int most) {
    Axis first = axes.getFirst();
    int row = size(whole()) / first.extent();
    int rows = Math.max(1, most / row);
    List<Segment> slabs = new ArrayList<>();
    for (int start = 0; start < first.extent(); start += rows) {
      List<Span> spans = new ArrayList<>(whole().spans());
      spans.set(0, new Span(start, Math.min(start + rows, first.extent())));
      slabs.add(new Segment(spans));
    }
    return slabs;
  }

  private void add(
      Fragment piece, Segment common, Segment target, double[] sums, double[] weights) {
    double[][] byAxis = new double[axes.size()][];
    for (int axis = 0; axis < axes.size(); axis++) {
      Span span = piece.segment().spans().get(axis);
      Span part = common.spans().get(axis);
      byAxis[axis] = new double[part.length()];
      for (int i = 0; i < part.length(); i++) {
        byAxis[axis][i] = axes.get(axis).weight(span, part.start() + i);
      }
    }
    float[] values = cut(common, piece);
    Weights weigh = new Weights(byAxis, channels, channelPlace());
    runs(
        common,
        target,
        (mine, theirs, length) -> {
          for (int i = 0; i < length; i++) {
            double weight = weigh.at(mine + i);
            sums[theirs + i] += weight * values[mine + i];
            weights[theirs + i] += weight;
          }
        });
  }

  /** The weights of a piece's values, as a product from the last axis to the first. */
  private record Weights(double[][] byAxis, int channels, int channelPlace) {
    double at(int value) {
      double weight = 1;
      int rest = value;
      for (int axis = byAxis.length - 1; axis >= 0; axis--) {
        if (axis + 1 == channelPlace) {
          rest /= channels;
        }
        weight *= byAxis[axis][rest % byAxis[axis].length];
        rest /= byAxis[axis].length;
      }
      return weight;
    }
  }

  @FunctionalInterface
  private interface OverlapVisitor {
    void over(int mine, int theirs, int length);
  }

  /**
   * Finds the values of a piece in another that covers it, run by run: as long as both are
   * contiguous in memory.
   */
  private void runs(Segment piece, Segment cover, OverlapVisitor run) {
    long[] inner = shape(piece);
    long[] outer = shape(cover);
    int[] offset = new int[inner.length];
    int axis = 0;
    for (int dimension = 0; dimension < inner.length; dimension++) {
      if (dimension != channelPlace()) {
        Span mine = piece.spans().get(axis);
        Span theirs = cover.spans().get(axis);
        if (mine.start() < theirs.start() || mine.end() > theirs.end()) {
          throw new IllegalArgumentException(
              "%s does not lie within %s".formatted(piece.spans(), cover.spans()));
        }
        offset[dimension] = mine.start() - theirs.start();
        axis++;
      }
    }
    int last = inner.length - 1;
    while (last > 0 && inner[last] == outer[last]) {
      last--;
    }
    int length = 1;
    for (int dimension = last; dimension < inner.length; dimension++) {
      length *= (int) inner[dimension];
    }
    int count = size(piece) / length;
    for (int index = 0; index < count; index++) {
      int rest = index;
      int theirs = 0;
      int stride = 1;
      for (int dimension = inner.length - 1; dimension >= 0; dimension--) {
        if (dimension < last) {
          theirs += (offset[dimension] + rest % (int) inner[dimension]) * stride;
          rest /= (int) inner[dimension];
        } else if (dimension == last) {
          theirs += offset[dimension] * stride;
        }
        stride *= (int) outer[dimension];
      }
      run.over(index * length, theirs, length);
    }
  }
}
