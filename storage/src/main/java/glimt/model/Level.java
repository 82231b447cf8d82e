package glimt.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One resolution of the hierarchy and the network that makes it.
 *
 * @param name base, temporal, spatial, dense …
 * @param axes how the sample is cut; video: frames, height, width; points: points
 * @param channels values at each position; video: 3 (red, green, blue); points: 6 (x, y, z, red,
 *     green, blue)
 * @param network the stem of two files of the bundle: {@code network.py}, its TorchScript source,
 *     and {@code network.safetensors}, its weights
 * @param sigmaData the standard deviation of what the network was trained on (Karras et al. 2022,
 *     Table 1)
 * @param residual empty when the network makes the sample itself; else what it makes is a residual
 *     over the enlarged level below, and these are its units, a channel each
 * @param belowNoise the standard deviation of the noise added to the enlarged level below before
 *     the network sees it (noise conditioning augmentation, Ho et al. 2022, §3)
 * @param sampling how it is sampled unless a job says otherwise
 * @param fast how it is made when a job is to be quick; null if there is no such way
 */
public record Level(
    String name,
    List<Axis> axes,
    int channels,
    String network,
    double sigmaData,
    List<Double> residual,
    double belowNoise,
    Sampling sampling,
    @Nullable Fast fast) {
  /** A level that is made in one way. */
  public Level(
      String name,
      List<Axis> axes,
      int channels,
      String network,
      double sigmaData,
      List<Double> residual,
      double belowNoise,
      Sampling sampling) {
    this(name, axes, channels, network, sigmaData, residual, belowNoise, sampling, null);
  }

  public Level {
    axes = List.copyOf(axes);
    residual = List.copyOf(residual);
    if (axes.isEmpty() || channels < 1 || !(sigmaData > 0) || !(belowNoise >= 0)) {
      throw new IllegalArgumentException(
          "level %s: needs axes, channels, sigmaData > 0 and belowNoise >= 0".formatted(name));
    }
    if (!residual.isEmpty() && residual.size() != channels) {
      throw new IllegalArgumentException(
          "level %s: residual has %s units for %s channels"
              .formatted(name, residual.size(), channels));
    }
  }

  /** The same level with another fast way. */
  public Level with(@Nullable Fast way) {
    return new Level(name, axes, channels, network, sigmaData, residual, belowNoise, sampling, way);
  }

  /** The level as it is made at this quality: by its fast network if that is wished and there. */
  public Level at(@Nullable Quality quality) {
    return quality == Quality.FAST && fast != null
        ? new Level(
            name, axes, channels, fast.network(), sigmaData, residual, belowNoise, fast.sampling())
        : this;
  }

  /**
   * @throws IllegalArgumentException if the level has no such axis
   */
  public Axis axis(String axisName) {
    return axes.stream()
        .filter(axis -> axis.name().equals(axisName))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException("level %s has no axis %s".formatted(name, axisName)));
  }

  /** Every segment, the last axis fastest. */
  public List<Segment> segments() {
    List<List<Span>> products = List.of(List.of());
    for (Axis axis : axes) {
      List<List<Span>> longer = new ArrayList<>();
      for (List<Span> product : products) {
        for (Span window : axis.windows()) {
          List<Span> spans = new ArrayList<>(product);
          spans.add(window);
          longer.add(spans);
        }
      }
      products = longer;
    }
    return products.stream().map(Segment::new).toList();
  }
}
