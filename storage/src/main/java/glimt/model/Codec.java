package glimt.model;

import java.util.List;

/**
 * What turns a level's latent into what people see.
 *
 * @param network the stem of the decoder's source and weights
 * @param axes how the latent is cut for decoding, an axis of the latent each, in the level's order
 * @param factors how many positions of the result one of the latent stands for, an axis each
 * @param causal for each axis, whether the first position stands for one alone, so that n become (n
 *     - 1) × factor + 1
 * @param channels of the result
 * @param scale what a latent is divided by before it is decoded, a channel each, or one for all
 * @param shift what is added to it then, likewise
 */
public record Codec(
    String network,
    List<Axis> axes,
    List<Integer> factors,
    List<Boolean> causal,
    int channels,
    List<Double> scale,
    List<Double> shift) {
  public Codec {
    axes = List.copyOf(axes);
    factors = List.copyOf(factors);
    causal = List.copyOf(causal);
    scale = List.copyOf(scale);
    shift = List.copyOf(shift);
    if (factors.size() != axes.size() || causal.size() != axes.size()) {
      throw new IllegalArgumentException(
          "codec %s: %s axes, %s factors and %s marks of causality"
              .formatted(network, axes.size(), factors.size(), causal.size()));
    }
    for (int i = 0; i < axes.size(); i++) {
      if (causal.get(i) && axes.get(i).window() != axes.get(i).extent()) {
        throw new IllegalArgumentException(
            "codec %s: a causal axis such as %s is decoded in one piece"
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

  /** How long the result is along an axis whose latent has this extent. */
  public int decoded(int axis, int extent) {
    int factor = factors.get(axis);
    return causal.get(axis) ? (extent - 1) * factor + 1 : extent * factor;
  }

  /** The extent of the latent whose result is this long, or the nearest below it. */
  public int encoded(int axis, int length) {
    int factor = factors.get(axis);
    return causal.get(axis) ? (length - 1) / factor + 1 : length / factor;
  }

  /** Where a span of the latent lies in the result. */
  public Span decoded(int axis, Span span) {
    return new Span(span.start() * factors.get(axis), decoded(axis, span.end()));
  }
}
