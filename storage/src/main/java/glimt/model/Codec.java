package glimt.model;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The decoder that turns a level's latent into the level's visible result.
 *
 * @param network the stem of the decoder's source and weights
 * @param axes how each axis of the latent is cut for decoding, in the level's order
 * @param factors for each axis, how many positions of the result one position of the latent becomes
 * @param causal for each axis, whether the latent's first position becomes a single position, so
 *     that n positions become (n - 1) × factor + 1
 * @param channels the number of channels of the result
 * @param scale what the latent is divided by before decoding, per channel or once for all channels
 * @param shift what is added to the latent after that division, in the same layout as {@code scale}
 * @param noising the noise that the decoder is to take away; null if it takes none
 * @param encoding the way back, for walks that begin with a visible result; null if there is none
 * @param below whether the decoder also reads the whole visible result of the level below, by its
 *     port {@code below}, such as the picture that a motion moves; null if not
 * @param planes the noise that the decoder itself draws, in the order of its ports {@code noise_0},
 *     {@code noise_1}, …; null if it draws none
 */
public record Codec(
    String network,
    List<Axis> axes,
    List<Integer> factors,
    List<Boolean> causal,
    int channels,
    List<Double> scale,
    List<Double> shift,
    @Nullable Noising noising,
    @Nullable LatentEncoding encoding,
    @Nullable Boolean below,
    @Nullable List<NoisePlanes> planes) {
  /** A decoder that draws no noise. */
  public Codec(
      String network,
      List<Axis> axes,
      List<Integer> factors,
      List<Boolean> causal,
      int channels,
      List<Double> scale,
      List<Double> shift,
      @Nullable Noising noising,
      @Nullable LatentEncoding encoding,
      @Nullable Boolean below) {
    this(network, axes, factors, causal, channels, scale, shift, noising, encoding, below, null);
  }

  /** A decoder that reads nothing but the latent. */
  public Codec(
      String network,
      List<Axis> axes,
      List<Integer> factors,
      List<Boolean> causal,
      int channels,
      List<Double> scale,
      List<Double> shift,
      @Nullable Noising noising,
      @Nullable LatentEncoding encoding) {
    this(network, axes, factors, causal, channels, scale, shift, noising, encoding, null);
  }

  /** A decoder that takes no noise away, without its encoder. */
  public Codec(
      String network,
      List<Axis> axes,
      List<Integer> factors,
      List<Boolean> causal,
      int channels,
      List<Double> scale,
      List<Double> shift) {
    this(network, axes, factors, causal, channels, scale, shift, null, null);
  }

  /** A decoder without its encoder. */
  public Codec(
      String network,
      List<Axis> axes,
      List<Integer> factors,
      List<Boolean> causal,
      int channels,
      List<Double> scale,
      List<Double> shift,
      @Nullable Noising noising) {
    this(network, axes, factors, causal, channels, scale, shift, noising, null);
  }

  /** The same codec with its encoder. */
  public Codec with(LatentEncoding other) {
    return new Codec(
        network, axes, factors, causal, channels, scale, shift, noising, other, below, planes);
  }

  /** The same codec, whose decoder draws noise; empty for none. */
  public Codec drawing(List<NoisePlanes> other) {
    List<NoisePlanes> drawn = other.isEmpty() ? null : other;
    return new Codec(
        network, axes, factors, causal, channels, scale, shift, noising, encoding, below, drawn);
  }

  /** The same codec, whose networks are called otherwise. */
  public Codec renamed(UnaryOperator<String> stems) {
    return new Codec(
        stems.apply(network),
        axes,
        factors,
        causal,
        channels,
        scale,
        shift,
        noising,
        encoding == null ? null : new LatentEncoding(stems.apply(encoding.network), encoding.drawn),
        below,
        planes);
  }

  /**
   * The network that turns a visible result into a latent's distribution.
   *
   * @param network the stem of its source and weights
   * @param drawn whether a latent is drawn from that distribution; else it is its mean
   */
  public record LatentEncoding(String network, boolean drawn) {}

  /**
   * Noise n that is mixed into a latent z for a decoder which takes the last of the noise away: (1
   * - share) z + share n (HaCohen et al. 2024, arXiv:2501.00103).
   *
   * @param share of the noise, from 0 to 1
   * @param timestep what the decoder's port {@code timestep} is fed
   */
  public record Noising(double share, double timestep) {
    public Noising {
      if (!(share >= 0 && share <= 1)) {
        throw new IllegalArgumentException("a share of noise is from 0 to 1, not " + share);
      }
    }
  }

  /**
   * Standard normal noise that a part of a decoder draws, float32 [count, h, w]: a value for each
   * row and column, the same for all frames.
   *
   * @param count how many planes
   * @param factor how many rows, and columns, one of the latent is there
   */
  public record NoisePlanes(int count, int factor) {
    public NoisePlanes {
      if (count < 1 || factor < 1) {
        throw new IllegalArgumentException(
            "noise is drawn for 1 plane or more, 1 or more times as large as the latent, not %s and %s"
                .formatted(count, factor));
      }
    }
  }

  public Codec {
    planes = planes == null ? null : List.copyOf(planes);
    axes = List.copyOf(axes);
    factors = List.copyOf(factors);
    causal = List.copyOf(causal);
    scale = List.copyOf(scale);
    shift = List.copyOf(shift);
    if (factors.size() != axes.size() || causal.size() != axes.size()) {
      throw new IllegalArgumentException(
          "codec %s: needs a factor and a causal flag for each axis, but has %s axes, %s factors and %s causal flags"
              .formatted(network, axes.size(), factors.size(), causal.size()));
    }
    for (int i = 0; i < axes.size(); i++) {
      if (causal.get(i) && axes.get(i).window() != axes.get(i).extent()) {
        throw new IllegalArgumentException(
            "codec %s: the axis %s is causal, so its window must be its extent"
                .formatted(network, axes.get(i).name()));
      }
    }
    if (channels < 1
        || scale.isEmpty()
        || scale.size() != shift.size()
        || scale.contains(0.0)
        || factors.stream().anyMatch(factor -> factor < 1)) {
      throw new IllegalArgumentException(
          "codec %s: needs channels and factors of 1 or more, as many shifts as scales, and no scale of 0"
              .formatted(network));
    }
  }

  /** Whether it can turn a visible result into a latent. */
  public boolean encodes() {
    return encoding != null;
  }

  /** Whether the decoder also reads the visible result of the level below. */
  public boolean readsBelow() {
    return Boolean.TRUE.equals(below);
  }

  /** Returns the extent of the result along an axis whose latent has this extent. */
  public int decoded(int axis, int extent) {
    int factor = factors.get(axis);
    return causal.get(axis) ? (extent - 1) * factor + 1 : extent * factor;
  }

  /**
   * Returns the extent of the latent whose result has this length, or, if there is none, of the
   * longest result below it.
   */
  public int encoded(int axis, int length) {
    int factor = factors.get(axis);
    return causal.get(axis) ? (length - 1) / factor + 1 : length / factor;
  }

  /** Returns the span of the result that a span of the latent decodes to. */
  public Span decoded(int axis, Span span) {
    return new Span(span.start() * factors.get(axis), decoded(axis, span.end()));
  }
}
