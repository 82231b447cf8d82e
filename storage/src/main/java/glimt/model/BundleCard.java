package glimt.model;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A bundle's description of itself, stored in {@code bundle.json}: everything needed to plan a job,
 * and everything a person should know before trusting the results.
 *
 * @param version the version of the card's form, {@link #VERSION}; older cards are rewritten when
 *     they are read
 * @param name the name by which jobs ask for the bundle
 * @param kind what the bundle makes
 * @param summary one sentence for people
 * @param licence the licence of weights and data, with any doubts about it
 * @param reader how a prompt becomes the tokens that levels read without an encoder
 * @param encoders the networks that read prompts for the levels
 * @param fps frames per second at the level with the most frames; 0 for kinds without frames
 * @param scale for each channel, what one unit becomes in the media file
 * @param offset for each channel, what 0 becomes in the media file
 * @param levels the levels from the base up
 * @param restates the digests of older cards of this same bundle: a job planned with one of them
 *     gets the same bytes from this card
 * @param weights the size of each network's weights in bytes, by the network's stem; a network
 *     without an entry counts as 0 bytes
 * @param formats in which networks compute, by the network's stem; a network without an entry
 *     computes in the format of the worker, and null is no entry
 * @param loras low-rank changes that jobs may choose; null is none
 * @param files the SHA-256 of every other file of the bundle, by file name
 * @param notes free text by heading: data, training, figures, known failures
 */
public record BundleCard(
    int version,
    String name,
    Kind kind,
    String summary,
    String licence,
    PromptReader reader,
    List<Encoder> encoders,
    int fps,
    List<Double> scale,
    List<Double> offset,
    List<Level> levels,
    List<String> restates,
    Map<String, Long> weights,
    @Nullable Map<String, NumberFormat> formats,
    @Nullable List<LoraAdapter> loras,
    Map<String, String> files,
    Map<String, String> notes) {
  /** The current version of the card's form. */
  public static final int VERSION = 2;

  public BundleCard {
    encoders = List.copyOf(encoders);
    scale = List.copyOf(scale);
    offset = List.copyOf(offset);
    levels = List.copyOf(levels);
    restates = List.copyOf(restates);
    weights = Map.copyOf(weights);
    formats = formats == null ? null : Map.copyOf(formats);
    loras = loras == null || loras.isEmpty() ? null : List.copyOf(loras);
    files = Map.copyOf(files);
    notes = Map.copyOf(notes);
    if (version != VERSION) {
      throw new IllegalArgumentException(
          "bundle %s has a card of version %s, but this glimt needs version %s"
              .formatted(name, version, VERSION));
    }
    if (levels.isEmpty()) {
      throw new IllegalArgumentException("bundle %s has no levels".formatted(name));
    }
    Set<String> names = new HashSet<>();
    for (Level level : levels) {
      int channels = level.codec() == null ? level.channels() : level.codec().channels();
      if (channels != scale.size() || channels != offset.size()) {
        throw new IllegalArgumentException(
            "bundle %s: level %s has %s channels, scale %s, offset %s"
                .formatted(name, level.name(), channels, scale.size(), offset.size()));
      }
      List<String> axes = level.axes().stream().map(Axis::name).toList();
      if (!axes.equals(kind.axes())) {
        throw new IllegalArgumentException(
            "bundle %s: level %s has the axes %s, but the kind %s has %s"
                .formatted(name, level.name(), axes, kind, kind.axes()));
      }
      if (!names.add(level.name())) {
        throw new IllegalArgumentException(
            "bundle %s has two levels named %s".formatted(name, level.name()));
      }
    }
    for (Encoder encoder : encoders) {
      if (!names.add(encoder.name())) {
        throw new IllegalArgumentException(
            "bundle %s has two levels or encoders named %s".formatted(name, encoder.name()));
      }
    }
    for (int i = 0; i < levels.size(); i++) {
      checkRefinement(name, levels.get(i), i == 0 ? null : levels.get(i - 1));
    }
    for (Level level : levels) {
      boolean base = level.equals(levels.getFirst());
      if (base && level.codec() != null && level.codec().readsBelow()) {
        throw new IllegalArgumentException(
            "bundle %s: the decoder %s of level %s reads the level below, but there is none"
                .formatted(name, level.codec().network(), level.name()));
      }
      for (Port port : level.ports()) {
        if ((port.readsBelow()
                || port.feed() == Port.PortSource.BELOW_NOISE
                || port.feed() == Port.PortSource.BELOW_SIGNAL)
            && base
            && !level.enlargesPicture()) {
          throw new IllegalArgumentException(
              "bundle %s: nothing feeds port %s of level %s, which has no level below"
                  .formatted(name, port.name(), level.name()));
        }
        if (!level.feedsPicture(port)) {
          throw new IllegalArgumentException(
              "bundle %s: nothing feeds port %s of level %s, to which no picture is given"
                  .formatted(name, port.name(), level.name()));
        }
        if (port.encoder() != null
            && encoders.stream()
                .filter(encoder -> encoder.name().equals(port.encoder()))
                .noneMatch(
                    encoder ->
                        encoder.outputs().contains(port.output())
                            && encoder.outputs().contains(port.unconditionalOutput()))) {
          throw new IllegalArgumentException(
              "bundle %s: nothing feeds port %s of level %s: there is no output %s and %s of an encoder %s"
                  .formatted(
                      name,
                      port.name(),
                      level.name(),
                      port.output(),
                      port.unconditionalOutput(),
                      port.encoder()));
        }
      }
    }
  }

  /** Checks that a level can begin with the one below. */
  private static void checkRefinement(String name, Level level, @Nullable Level below) {
    Refinement refinement = level.refinement();
    if (refinement == null) {
      return;
    }
    Refinement.Upsampler upsampler = refinement.upsampler();
    boolean fits = below != null;
    if (below != null && upsampler != null) {
      fits =
          upsampler.factors().size() == level.axes().size()
              && below.extents().equals(level.belowExtents(level.extents()));
    } else if (below != null && level.place("frames").isPresent()) {
      fits = below.seen().getFirst().equals(level.seen().getFirst());
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "bundle %s: level %s of %s cannot begin with %s"
              .formatted(
                  name,
                  level.name(),
                  level.seen(),
                  below == null ? "a level below, as it is the base" : "one of " + below.seen()));
    }
  }

  /** Makes a card of the current version, without encoders, weights or restated cards. */
  public static BundleCard of(
      String name,
      Kind kind,
      String summary,
      String licence,
      PromptReader reader,
      int fps,
      List<Double> scale,
      List<Double> offset,
      List<Level> levels,
      Map<String, String> files,
      Map<String, String> notes) {
    return new BundleCard(
        VERSION, name, kind, summary, licence, reader, List.of(), fps, scale, offset, levels,
        List.of(), Map.of(), null, null, files, notes);
  }

  /** A card whose networks compute in the format of the worker, without LoRAs. */
  public BundleCard(
      int version,
      String name,
      Kind kind,
      String summary,
      String licence,
      PromptReader reader,
      List<Encoder> encoders,
      int fps,
      List<Double> scale,
      List<Double> offset,
      List<Level> levels,
      List<String> restates,
      Map<String, Long> weights,
      Map<String, String> files,
      Map<String, String> notes) {
    this(
        version, name, kind, summary, licence, reader, encoders, fps, scale, offset, levels,
        restates, weights, null, null, files, notes);
  }

  /** Whether a job's prompt changes what is made. */
  public boolean readsPrompt() {
    return levels.stream()
        .flatMap(level -> level.ports().stream())
        .map(Port::feed)
        .anyMatch(feed -> feed == Port.PortSource.PROMPT || feed == Port.PortSource.ENCODER);
  }

  /** Whether a job may begin with a picture. */
  public boolean takesPicture() {
    Level base = levels.getFirst();
    return base.firstFrame() != null || (kind == Kind.IMAGE && encodes(base));
  }

  /** Whether a job may begin with a clip. */
  public boolean takesClip() {
    Level base = levels.getFirst();
    boolean picture = base.firstFrame() != null && base.firstFrame().needed();
    return kind == Kind.VIDEO && encodes(base) && !picture;
  }

  private static boolean encodes(Level level) {
    return level.codec() != null && level.codec().encodes();
  }

  /** Returns the LoRAs that jobs may choose. */
  public List<LoraAdapter> offeredLoras() {
    return loras == null ? List.of() : loras;
  }

  /**
   * Returns the LoRA of this name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public LoraAdapter lora(String loraName) {
    return offeredLoras().stream()
        .filter(lora -> lora.name().equals(loraName))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException("bundle %s has no LoRA %s".formatted(name, loraName)));
  }

  /**
   * Returns the list of words that this bundle reads.
   *
   * @throws IllegalStateException if its reader is a tokenizer
   */
  public WordList words() {
    if (reader instanceof WordList words) {
      return words;
    }
    throw new IllegalStateException("bundle %s does not read a list of words".formatted(name));
  }

  /**
   * Returns the level of this name.
   *
   * @throws IllegalArgumentException if there is no such level
   */
  public Level level(String levelName) {
    return levels.stream()
        .filter(level -> level.name().equals(levelName))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "bundle %s has no level %s".formatted(name, levelName)));
  }

  /**
   * Returns the encoder of this name.
   *
   * @throws IllegalArgumentException if there is no such encoder
   */
  public Encoder encoder(String encoderName) {
    return encoders.stream()
        .filter(encoder -> encoder.name().equals(encoderName))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "bundle %s has no encoder %s".formatted(name, encoderName)));
  }

  /** Returns this card with each level at the given quality, as {@link Level#at}. */
  public BundleCard at(Quality quality) {
    return with(levels.stream().map(level -> level.at(quality)).toList());
  }

  /** Returns this card with the given level replacing the level of the same name. */
  public BundleCard with(Level level) {
    return with(levels.stream().map(one -> one.name().equals(level.name()) ? level : one).toList());
  }

  /** Returns this card with other levels, whose clips have so many frames a second. */
  public BundleCard with(List<Level> others, int rate) {
    return new BundleCard(
        version, name, kind, summary, licence, reader, encoders, rate, scale, offset, others,
        restates, weights, formats, loras, files, notes);
  }

  /** Returns this card with other levels. */
  public BundleCard with(List<Level> others) {
    return with(others, files, notes);
  }

  /** Returns this card with other files and notes. */
  public BundleCard with(Map<String, String> otherFiles, Map<String, String> otherNotes) {
    return with(levels, otherFiles, otherNotes);
  }

  /**
   * The same of these files, whose weights have these sizes.
   *
   * @param otherFormats of networks that do not compute in the worker's
   * @param otherLoras that jobs may choose
   */
  public BundleCard holding(
      Map<String, String> otherFiles,
      Map<String, Long> sizes,
      Map<String, NumberFormat> otherFormats,
      List<LoraAdapter> otherLoras) {
    return with(
        levels, otherFiles, sizes, otherFormats.isEmpty() ? null : otherFormats, otherLoras, notes);
  }

  /** The format in which a network computes; null is the worker's. */
  public @Nullable NumberFormat format(String network) {
    return formats == null ? null : formats.get(network);
  }

  private BundleCard with(
      List<Level> others, Map<String, String> otherFiles, Map<String, String> otherNotes) {
    return with(others, otherFiles, weights, formats, loras, otherNotes);
  }

  private BundleCard with(
      List<Level> others,
      Map<String, String> otherFiles,
      Map<String, Long> sizes,
      @Nullable Map<String, NumberFormat> otherFormats,
      @Nullable List<LoraAdapter> otherLoras,
      Map<String, String> otherNotes) {
    return new BundleCard(
        version,
        name,
        kind,
        summary,
        licence,
        reader,
        encoders,
        fps,
        scale,
        offset,
        others,
        restates,
        sizes,
        otherFormats,
        otherLoras,
        otherFiles,
        otherNotes);
  }
}
