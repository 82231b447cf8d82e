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
 * The layout of a sample and its division into pieces. Samples are row-major: {@code [frames,
 * channels, height, width]} for video, {@code [points, channels]} for points and {@code [channels,
 * height, width]} for images.
 *
 * @param axes the axes of the whole sample, which also define how it is divided
 * @param channels the number of values at each position
 */
public record Mosaic(List<Axis> axes, int channels) {
  public Mosaic {
    axes = List.copyOf(axes);
  }

  /** The layout of a level's sample. */
  public static Mosaic of(Level level) {
    return new Mosaic(level.axes(), level.channels());
  }

  /** A segment of a sample and its values, in the same layout as the whole. */
  public record Fragment(Segment segment, FloatBuffer values) {}

  /** The index of the channel dimension. */
  private int channelPlace() {
    return axes.getFirst().name().equals("height") ? 0 : 1;
  }

  /** The number of consecutive values of one channel in an array of this shape. */
  public int valuesPerChannel(long[] shape) {
    int inner = 1;
    for (int dimension = channelPlace() + 1; dimension < shape.length; dimension++) {
      inner *= (int) shape[dimension];
    }
    return inner;
  }

  /** The segment that covers the whole sample. */
  public Segment whole() {
    return new Segment(axes.stream().map(axis -> new Span(0, axis.extent())).toList());
  }

  /** The shape of a segment's values, including channels, without a batch axis. */
  public long[] shape(Segment segment) {
    List<Long> shape = new ArrayList<>();
    segment.spans().forEach(span -> shape.add((long) span.length()));
    shape.add(channelPlace(), (long) channels);
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  /** The extents of the axes in an array of this shape, that is, the shape without the channels. */
  public List<Integer> extents(long[] shape) {
    List<Integer> extents = new ArrayList<>();
    for (int dimension = 0; dimension < shape.length; dimension++) {
      if (dimension != channelPlace()) {
        extents.add(Math.toIntExact(shape[dimension]));
      }
    }
    return extents;
  }

  /** The shape of the decoded values for a latent piece of this shape. */
  public long[] decodedShape(Codec codec, long[] shape) {
    List<Integer> extents = extents(shape);
    List<Long> decoded = new ArrayList<>();
    for (int axis = 0; axis < extents.size(); axis++) {
      decoded.add((long) codec.decoded(axis, extents.get(axis)));
    }
    decoded.add(channelPlace(), (long) codec.channels());
    return decoded.stream().mapToLong(Long::longValue).toArray();
  }

  /** The number of values of a segment. */
  public int size(Segment segment) {
    return Math.toIntExact(Arrays.stream(shape(segment)).reduce(1, Math::multiplyExact));
  }

  /**
   * Copies a segment out of a larger piece.
   *
   * @param from the larger piece, which may be a mapped file
   * @throws IllegalArgumentException if the segment is not within the larger piece
   */
  public float[] cut(Segment segment, Fragment from) {
    float[] out = new float[size(segment)];
    runs(
        segment,
        from.segment(),
        (mine, theirs, length) -> from.values().get(theirs, out, mine, length));
    return out;
  }

  /** Copies a segment out of a whole sample. */
  public float[] cut(Segment segment, float[] whole) {
    return cut(segment, new Fragment(whole(), FloatBuffer.wrap(whole)));
  }

  /**
   * Blends overlapping pieces: each value is the weighted mean of the values of all pieces that
   * cover it, with the product of {@link Axis#weight} over the axes as weight.
   *
   * @param pieces the pieces, always in the same order, because floating-point sums depend on it
   * @throws IllegalArgumentException if no piece covers some value of the target
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

  /**
   * Blends all pieces into a whole sample.
   *
   * @param values the values of each segment, in the order of {@code segments}
   */
  public float[] joined(List<Segment> segments, List<float[]> values) {
    if (values.size() != segments.size()) {
      throw new IllegalArgumentException(
          "there are %s segments, but values for %s".formatted(segments.size(), values.size()));
    }
    List<Fragment> pieces = new ArrayList<>();
    for (int i = 0; i < segments.size(); i++) {
      float[] piece = values.get(i);
      if (piece.length != size(segments.get(i))) {
        throw new IllegalArgumentException(
            "segment %s has %s values instead of %s"
                .formatted(i, piece.length, size(segments.get(i))));
      }
      pieces.add(new Fragment(segments.get(i), FloatBuffer.wrap(piece)));
    }
    return blend(whole(), pieces);
  }

  /**
   * Divides the whole sample along its first axis into segments of at most {@code most} values, but
   * of at least one row. Each is contiguous in the sample; so a picture, whose channels come first,
   * is one segment.
   */
  public List<Segment> slabs(int most) {
    if (channelPlace() == 0) {
      return List.of(whole());
    }
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

  /** The blending weight of each value of a piece: the product of its weights along the axes. */
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
   * Locates the values of a segment within a segment that covers it, in runs that are contiguous in
   * both.
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
              "segment %s is not within segment %s".formatted(piece.spans(), cover.spans()));
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
