package glimt.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One resolution of a bundle's hierarchy, and the network that samples it. The level's sample is a
 * latent if it has a codec; its <em>visible result</em> is what the codec decodes the latent to,
 * and the sample itself if there is no codec.
 *
 * @param name such as base, temporal, spatial or dense
 * @param axes how the sample is cut; video: frames, height, width; image: height, width; points:
 *     points
 * @param channels values at each position; image and video: 3 (red, green, blue); points: 6 (x, y,
 *     z, red, green, blue); latent: as many as the codec reads
 * @param network the stem of two files of the bundle: {@code network.py}, the TorchScript source,
 *     and {@code network.safetensors}, the weights
 * @param parametrisation what the network's answer means
 * @param ports the tensors that condition the network
 * @param residual empty if the network makes the sample itself; otherwise the network makes a
 *     residual over the enlarged level below, and these are the residual's units, one per channel
 * @param belowNoise the standard deviation of the noise added to the enlarged level below before
 *     the network sees it (noise conditioning augmentation, Ho et al. 2022, §3)
 * @param codec the decoder of the latent; null if the sample is the visible result
 * @param sampling how the level is sampled unless a job asks otherwise
 * @param fast the network and sampling for {@link Quality#FAST}; null if the level has none
 * @param refinement how it begins with the level below; null if it begins with noise alone
 * @param expert another network for the end of the walk; null if one network walks all of it
 * @param firstFrame how a job's picture becomes its first frame; null if it cannot
 * @param belowNoising the chain along which the level below is noised; null for its walk's own
 * @param earlyEnd when its walk may end early; null if it may not, because that was not measured
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
    @Nullable Fast fast,
    @Nullable Refinement refinement,
    @Nullable Expert expert,
    @Nullable FirstFrame firstFrame,
    @Nullable BelowNoising belowNoising,
    @Nullable EarlyEnd earlyEnd) {
  /** A level of one network that begins with noise alone. */
  public Level(
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
    this(
        name,
        axes,
        channels,
        network,
        parametrisation,
        ports,
        residual,
        belowNoise,
        codec,
        sampling,
        fast,
        null,
        null,
        null,
        null,
        null);
  }

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
    Map<String, Port.PortSource> fed = new HashMap<>();
    for (Port port : ports) {
      Port.PortSource before = fed.put(port.name(), port.feed());
      boolean joined = before == Port.PortSource.ENCODER && port.feed() == Port.PortSource.ENCODER;
      if (before != null && !joined) {
        throw new IllegalArgumentException(
            "level %s has two ports named %s".formatted(name, port.name()));
      }
      if (port.places() != null && port.places().steps().size() != axes.size()) {
        throw new IllegalArgumentException(
            "level %s has %s axes, but its port %s places %s"
                .formatted(name, axes.size(), port.name(), port.places().steps().size()));
      }
    }
    if (keepsBelow(ports)
        && (axes.size() != 1 || axes.getFirst().window() != axes.getFirst().extent())) {
      throw new IllegalArgumentException(
          "level %s keeps the level below, so it needs one axis and one window".formatted(name));
    }
    if (keepsBelow(ports) && (codec != null || !residual.isEmpty())) {
      throw new IllegalArgumentException(
          "level %s keeps the level below, so it has neither codec nor residual".formatted(name));
    }
    if (codec != null && codec.axes().size() != axes.size()) {
      throw new IllegalArgumentException(
          "level %s has %s axes, but its codec has %s"
              .formatted(name, axes.size(), codec.axes().size()));
    }
    if (refinement != null && (keepsBelow(ports) || !residual.isEmpty())) {
      throw new IllegalArgumentException(
          "level %s begins with the level below, so it is no residual over it".formatted(name));
    }
    if (refinement != null && refinement.upsampler() == null && codec != null && !codec.encodes()) {
      throw new IllegalArgumentException(
          "level %s begins with the level below, so its codec needs an encoder".formatted(name));
    }
    if (firstFrame != null && firstFrame.kept() != null && !encodesFirstFrame(codec)) {
      throw new IllegalArgumentException(
          "level %s begins with a picture, so its codec needs an encoder and a first frame of its own"
              .formatted(name));
    }
    boolean told = sampling.guidance().mixing() == GuidanceRule.Mixing.TOLD;
    if (told != tellsGuidance(ports)) {
      throw new IllegalArgumentException(
          "level %s: guidance that a network is told needs a port that tells it, and such a port"
                  .formatted(name)
              + " needs that guidance");
    }
    if (!parametrisation.goesWith(sampling.schedule())) {
      throw new IllegalArgumentException(
          "level %s: a network that answers %s needs a schedule of type %s"
              .formatted(name, parametrisation.answer(), parametrisation.schedules()));
    }
  }

  private static boolean tellsGuidance(List<Port> ports) {
    return ports.stream().anyMatch(port -> port.feed() == Port.PortSource.GUIDANCE);
  }

  /** Whether a picture is at hand for a port that it feeds. */
  boolean feedsPicture(Port port) {
    FirstFrame given = firstFrame;
    return switch (port.feed()) {
      case PICTURE_LATENTS -> given != null && given.needed() && encodesFirstFrame(codec);
      case PICTURE_STATES -> given != null && given.needed() && given.vision() != null;
      default -> true;
    };
  }

  private static boolean encodesFirstFrame(@Nullable Codec codec) {
    return codec != null && codec.encodes() && codec.causal().getFirst();
  }

  /** Makes a level with EDM's parametrisation, without a codec and without a fast network. */
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

  /** Whether it begins with the visible result of the one below, which has any size. */
  public boolean resizesBelow() {
    return refinement != null && refinement.upsampler() == null;
  }

  /** Whether it begins with the latents of the one below, which a network enlarges. */
  public boolean upsamplesBelow() {
    return refinement != null && refinement.upsampler() != null;
  }

  /** Whether its network is conditioned on the level below, or makes a residual over it. */
  public boolean readsBelow() {
    return !residual.isEmpty() || ports.stream().anyMatch(Port::readsBelow);
  }

  /** Whether the job's picture stands where another level reads the one below. */
  public boolean enlargesPicture() {
    return firstFrame != null && firstFrame.needed() && ports.stream().anyMatch(Port::readsBelow);
  }

  /** Whether its sample begins with the level below as it is. */
  public boolean keepsBelow() {
    return keepsBelow(ports);
  }

  private static boolean keepsBelow(List<Port> ports) {
    return ports.stream().anyMatch(port -> port.feed() == Port.PortSource.BELOW_KEPT);
  }

  /** Returns this level with another fast network, or with none. */
  public Level with(@Nullable Fast way) {
    return copy(level -> level.fast = way);
  }

  /** Returns this level at a quality: with its fast network if that is asked for and exists. */
  public Level at(@Nullable Quality quality) {
    Fast quick = fast;
    if (quality != Quality.FAST || quick == null) {
      return this;
    }
    return copy(
        level -> {
          level.network = quick.network();
          level.sampling = quick.sampling();
          level.fast = null;
          level.earlyEnd = null;
        });
  }

  /**
   * Returns this level with these extents of its sample, one per axis.
   *
   * @throws IllegalArgumentException if an axis does not allow its extent
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

  /** Returns this level cut along these axes, whose extents are its own. */
  public Level cut(List<Axis> others) {
    if (!others.stream().map(Axis::extent).toList().equals(extents())) {
      throw new IllegalArgumentException("level %s has the extents %s".formatted(name, extents()));
    }
    return with(others);
  }

  /** Returns this level with these axes, without checking that its size rules allow them. */
  public Level with(List<Axis> others) {
    return copy(level -> level.axes = others);
  }

  /** Returns this level with another network where there is little noise. */
  public Level with(Expert other) {
    return copy(level -> level.expert = other);
  }

  /** Returns this level with a first frame that jobs may give; null for none. */
  public Level beginning(@Nullable FirstFrame other) {
    return copy(level -> level.firstFrame = other);
  }

  /** Returns this level with a walk that may end early; null for one that may not. */
  public Level ending(@Nullable EarlyEnd early) {
    return copy(level -> level.earlyEnd = early);
  }

  /**
   * Returns this level with noise added to the level below along a chain of its own.
   *
   * @param noise its usual standard deviation
   */
  public Level noised(double noise, BelowNoising along) {
    return copy(
        level -> {
          level.belowNoise = noise;
          level.belowNoising = along;
        });
  }

  /**
   * Returns this level with other noise added to the level below.
   *
   * @param noise its standard deviation
   */
  public Level noised(double noise) {
    return copy(level -> level.belowNoise = noise);
  }

  private Level copy(Consumer<LevelCopy> change) {
    LevelCopy copy = new LevelCopy(this);
    change.accept(copy);
    return copy.made();
  }

  /** Returns whether its network can be told of any noise that is added to the level below. */
  public boolean takesAnyNoiseBelow() {
    return ports.stream().anyMatch(port -> port.feed() == Port.PortSource.BELOW_SIGNAL);
  }

  /** Returns this level sampled otherwise. */
  public Level walking(Sampling walk) {
    return copy(level -> level.sampling = walk);
  }

  /**
   * Whether an upsampler puts positions between those of an axis and leaves the first alone, so
   * that n become (n - 1) × factor + 1: where a codec's first position stands for itself.
   */
  private boolean firstStays(int axis) {
    return codec != null && codec.causal().get(axis);
  }

  /** Returns the extents of the level below whose latents its upsampler enlarges to these. */
  public List<Integer> belowExtents(List<Integer> extents) {
    Refinement.Upsampler upsampler = refinement == null ? null : refinement.upsampler();
    if (upsampler == null) {
      return extents;
    }
    List<Integer> below = new ArrayList<>();
    for (int i = 0; i < extents.size(); i++) {
      int factor = upsampler.factors().get(i);
      below.add(firstStays(i) ? (extents.get(i) - 1) / factor + 1 : extents.get(i) / factor);
    }
    return below;
  }

  /**
   * Returns this level with a single segment of these extents, which is the form of an assembled
   * artifact. The size rules are not checked.
   */
  public Level whole(List<Integer> extents) {
    List<Axis> others = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      others.add(Axis.whole(axes.get(i).name(), extents.get(i)));
    }
    return with(others);
  }

  /**
   * Returns this level at the size whose visible result has these extents, one per axis.
   *
   * @throws IllegalArgumentException if an axis does not allow the extent of its sample
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

  /** The extents that people can see of it which are nearest to these, an axis each. */
  public List<Integer> nearest(List<Integer> seen) {
    List<Integer> nearest = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      int own = codec == null ? seen.get(i) : codec.encoded(i, Math.max(1, seen.get(i)));
      int allowed = axes.get(i).rule().nearest(own);
      nearest.add(codec == null ? allowed : codec.decoded(i, allowed));
    }
    return List.copyOf(nearest);
  }

  /** The extents of its sample, an axis each. */
  public List<Integer> extents() {
    return axes.stream().map(Axis::extent).toList();
  }

  /** Returns the extents of the visible result, one per axis. */
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
   * Returns the level whose sample is this level's visible result, cut into the pieces in which the
   * codec decodes it. A level without a codec is returned unchanged.
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

  /** Returns which extents the visible result may have along an axis. */
  public SizeRule seenRule(int place) {
    SizeRule own = axes.get(place).rule();
    if (codec == null) {
      return own;
    }
    int multiple = own.multiple() * codec.factors().get(place);
    int least = codec.decoded(place, own.least());
    return new SizeRule(
        least, codec.decoded(place, own.most()), multiple, Math.floorMod(least, multiple));
  }

  /** Returns the index of an axis, or empty if there is no such axis. */
  public Optional<Integer> place(String axisName) {
    for (int i = 0; i < axes.size(); i++) {
      if (axes.get(i).name().equals(axisName)) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }

  /**
   * Returns the axis of this name.
   *
   * @throws IllegalArgumentException if the level has no such axis
   */
  public Axis axis(String axisName) {
    return place(axisName)
        .map(axes::get)
        .orElseThrow(
            () ->
                new IllegalArgumentException("level %s has no axis %s".formatted(name, axisName)));
  }

  /** Returns all segments of the sample, the last axis varying fastest. */
  public List<Segment> segments() {
    return Segment.product(axes);
  }

  /**
   * Returns all pieces of the latent that the codec decodes one by one, the last axis varying
   * fastest; empty without a codec.
   */
  public List<Segment> decodings() {
    if (codec == null) {
      return List.of();
    }
    return Segment.product(decodingAxes());
  }

  /** Returns the pieces that an assemble task blends, in positions of the visible result. */
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
