package glimt.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One resolution of the hierarchy and the network that makes it.
 *
 * @param name base, temporal, spatial, dense …
 * @param axes how the sample is cut; video: frames, height, width; image: height, width; points:
 *     points
 * @param channels values at each position; video: 3 (red, green, blue); points: 6 (x, y, z, red,
 *     green, blue); a latent: as many as its codec reads
 * @param network the stem of two files of the bundle: {@code network.py}, its TorchScript source,
 *     and {@code network.safetensors}, its weights
 * @param parametrisation what the network's answer means
 * @param ports what conditions it, by the names of its source
 * @param residual empty when the network makes the sample itself; else what it makes is a residual
 *     over the enlarged level below, and these are its units, a channel each
 * @param belowNoise the standard deviation of the noise added to the enlarged level below before
 *     the network sees it (noise conditioning augmentation, Ho et al. 2022, §3)
 * @param codec what turns its sample, a latent, into what people see; null if it is that itself
 * @param sampling how it is sampled unless a job says otherwise
 * @param fast how it is made when a job is to be quick; null if there is no such way
 */
public record Level(
    String name,
    List<Axis> axes,
    int channels,
    String network,
    Parametrisation parametrisation,
    List<Port> ports,
    List<Double> residual,
    double belowNoise,
    @Nullable Codec codec,
    Sampling sampling,
    @Nullable Fast fast) {

  public Level {
    axes = List.copyOf(axes);
    ports = List.copyOf(ports);
    residual = List.copyOf(residual);
    if (axes.isEmpty() || channels < 1 || !(belowNoise >= 0)) {
      throw new IllegalArgumentException(
          "level %s: needs axes, channels and belowNoise >= 0".formatted(name));
    }
    if (!residual.isEmpty() && residual.size() != channels) {
      throw new IllegalArgumentException(
          "level %s: residual has %s units for %s channels"
              .formatted(name, residual.size(), channels));
    }
    Map<String, Port.Feed> fed = new HashMap<>();
    for (Port port : ports) {
      Port.Feed before = fed.put(port.name(), port.feed());
      boolean joined = before == Port.Feed.ENCODER && port.feed() == Port.Feed.ENCODER;
      if (before != null && !joined) {
        throw new IllegalArgumentException(
            "level %s: port %s is fed twice".formatted(name, port.name()));
      }
    }
    if (codec != null && codec.axes().size() != axes.size()) {
      throw new IllegalArgumentException(
          "level %s: its codec cuts %s axes of %s"
              .formatted(name, codec.axes().size(), axes.size()));
    }
    if (!parametrisation.goesWith(sampling.schedule())) {
      throw new IllegalArgumentException(
          "level %s: a network that answers %s is walked by one of %s"
              .formatted(name, parametrisation.answer(), parametrisation.schedules()));
    }
  }

  /** A level of EDM's parametrisation whose sample is what people see, made in one way. */
  public static Level edm(
      String name,
      List<Axis> axes,
      int channels,
      String network,
      double sigmaData,
      List<Port> ports,
      List<Double> residual,
      double belowNoise,
      Sampling sampling) {
    return new Level(
        name,
        axes,
        channels,
        network,
        Parametrisation.edm(sigmaData),
        ports,
        residual,
        belowNoise,
        null,
        sampling,
        null);
  }

  /** The same level with another fast way. */
  public Level with(@Nullable Fast way) {
    return with(axes, network, sampling, way);
  }

  /** The level as it is made at this quality: by its fast network if that is wished and there. */
  public Level at(@Nullable Quality quality) {
    return quality == Quality.FAST && fast != null
        ? with(axes, fast.network(), fast.sampling(), null)
        : this;
  }

  /**
   * The same level at these extents of its sample, an axis each.
   *
   * @throws IllegalArgumentException if its rules forbid one of them
   */
  public Level sized(List<Integer> extents) {
    if (extents.size() != axes.size()) {
      throw new IllegalArgumentException(
          "level %s has %s axes, not %s".formatted(name, axes.size(), extents.size()));
    }
    List<Axis> others = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      others.add(axes.get(i).sized(extents.get(i)));
    }
    return others.equals(axes) ? this : with(others);
  }

  /** The same level with these axes, whatever its rules say. */
  private Level with(List<Axis> others) {
    return with(others, network, sampling, fast);
  }

  private Level with(List<Axis> cut, String by, Sampling walk, @Nullable Fast way) {
    return new Level(
        name, cut, channels, by, parametrisation, ports, residual, belowNoise, codec, walk, way);
  }

  /**
   * The same level in one piece of these extents, as an artifact has it: its rules are not asked.
   */
  public Level whole(List<Integer> extents) {
    List<Axis> others = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      others.add(Axis.whole(axes.get(i).name(), extents.get(i)));
    }
    return with(others);
  }

  /**
   * The same level at the size at which people see these extents of it.
   *
   * @throws IllegalArgumentException if its rules forbid it
   */
  public Level seenAt(List<Integer> extents) {
    Codec decoder = codec;
    if (decoder == null) {
      return sized(extents);
    }
    List<Integer> latent = new ArrayList<>();
    for (int i = 0; i < extents.size(); i++) {
      latent.add(decoder.encoded(i, extents.get(i)));
    }
    return sized(latent);
  }

  /** The extents of its sample, an axis each. */
  public List<Integer> extents() {
    return axes.stream().map(Axis::extent).toList();
  }

  /** The extents of what people see of it, an axis each. */
  public List<Integer> seen() {
    if (codec == null) {
      return extents();
    }
    List<Integer> seen = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      seen.add(codec.decoded(i, axes.get(i).extent()));
    }
    return List.copyOf(seen);
  }

  /**
   * The same level as people see it: what its codec makes of the latent, cut as it is decoded. A
   * level without a codec is that itself.
   */
  public Level seenLevel() {
    if (codec == null) {
      return this;
    }
    List<Axis> cuts = decodingAxes();
    List<Axis> seen = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      int factor = codec.factors().get(i);
      Axis cut = cuts.get(i);
      int extent = codec.decoded(i, cut.extent());
      int window = Math.min(cut.window() * factor, extent);
      seen.add(
          new Axis(
              cut.name(),
              extent,
              window,
              Math.min(cut.step() * factor, window),
              cut.halo() * factor,
              SizeRule.only(extent)));
    }
    return new Level(
        name,
        seen,
        codec.channels(),
        network,
        parametrisation,
        ports,
        List.of(),
        0,
        null,
        sampling,
        null);
  }

  /** Which place an axis has, or nothing if there is no such axis. */
  public Optional<Integer> place(String axisName) {
    for (int i = 0; i < axes.size(); i++) {
      if (axes.get(i).name().equals(axisName)) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }

  /**
   * @throws IllegalArgumentException if the level has no such axis
   */
  public Axis axis(String axisName) {
    return place(axisName)
        .map(axes::get)
        .orElseThrow(
            () ->
                new IllegalArgumentException("level %s has no axis %s".formatted(name, axisName)));
  }

  /** Every segment, the last axis fastest. */
  public List<Segment> segments() {
    return Segment.product(axes);
  }

  /** Every piece in which its codec decodes the sample, the last axis fastest; none without one. */
  public List<Segment> decodings() {
    if (codec == null) {
      return List.of();
    }
    return Segment.product(decodingAxes());
  }

  /** Where the pieces lie that are assembled to what people see, the last axis fastest. */
  public List<Segment> seenSegments() {
    Codec decoder = codec;
    if (decoder == null) {
      return segments();
    }
    List<Segment> seen = new ArrayList<>();
    for (Segment piece : decodings()) {
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < axes.size(); i++) {
        spans.add(decoder.decoded(i, piece.spans().get(i)));
      }
      seen.add(new Segment(spans));
    }
    return seen;
  }

  private List<Axis> decodingAxes() {
    Codec decoder = Objects.requireNonNull(codec);
    List<Axis> cuts = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      Axis cut = decoder.axes().get(i);
      int extent = axes.get(i).extent();
      int window = cut.window() == cut.extent() ? extent : Math.min(cut.window(), extent);
      cuts.add(
          new Axis(
              cut.name(),
              extent,
              window,
              Math.min(cut.step(), window),
              cut.halo(),
              SizeRule.only(extent)));
    }
    return cuts;
  }
}
