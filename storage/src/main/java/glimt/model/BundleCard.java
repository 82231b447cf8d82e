package glimt.model;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a bundle says of itself, in {@code bundle.json}: everything a job needs to be planned and
 * everything a person should know before trusting what it makes.
 *
 * @param version how it is written: {@link #VERSION}; older ones are read and restated
 * @param name by which jobs ask for it
 * @param kind what it makes
 * @param summary one sentence for people
 * @param licence of weights and data, with its doubts
 * @param reader how a prompt becomes the tokens that levels read without an encoder
 * @param encoders networks that read prompts for the levels
 * @param fps frames a second at the level with the most frames; 0 where there are none
 * @param scale what one unit of each channel is worth in the file people open
 * @param offset what 0 of each channel is there
 * @param levels from the base up
 * @param restates the digests of older cards of this very bundle: a job planned with one of them
 *     gets the same bytes from this one
 * @param weights how many bytes each network's weights are, by its stem; what is missing is small
 * @param files the SHA-256 of every other file of the bundle, by name
 * @param notes what else the card tells: data, training, figures, failures
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
    Map<String, String> files,
    Map<String, String> notes) {
  /** How cards are written now. */
  public static final int VERSION = 2;

  public BundleCard {
    encoders = List.copyOf(encoders);
    scale = List.copyOf(scale);
    offset = List.copyOf(offset);
    levels = List.copyOf(levels);
    restates = List.copyOf(restates);
    weights = Map.copyOf(weights);
    files = Map.copyOf(files);
    notes = Map.copyOf(notes);
    if (version != VERSION) {
      throw new IllegalArgumentException(
          "bundle %s has a card of version %s, and this glimt writes %s"
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
            "bundle %s: level %s has the axes %s, and %s has %s"
                .formatted(name, level.name(), axes, kind, kind.axes()));
      }
      if (!names.add(level.name())) {
        throw new IllegalArgumentException(
            "bundle %s has two levels %s".formatted(name, level.name()));
      }
    }
    for (Encoder encoder : encoders) {
      if (!names.add(encoder.name())) {
        throw new IllegalArgumentException(
            "bundle %s has two levels or encoders %s".formatted(name, encoder.name()));
      }
    }
    for (Level level : levels) {
      boolean base = level.equals(levels.getFirst());
      for (Port port : level.ports()) {
        if (port.feed() == Port.PortSource.BELOW && base) {
          throw new IllegalArgumentException(
              "bundle %s: nothing feeds port %s of level %s, which has no level below"
                  .formatted(name, port.name(), level.name()));
        }
        if (port.encoder() != null
            && encoders.stream()
                .filter(encoder -> encoder.name().equals(port.encoder()))
                .noneMatch(encoder -> encoder.outputs().contains(port.output()))) {
          throw new IllegalArgumentException(
              "bundle %s: nothing feeds port %s of level %s: there is no output %s of an encoder %s"
                  .formatted(name, port.name(), level.name(), port.output(), port.encoder()));
        }
      }
    }
  }

  /** A card of today's version without encoders, of a bundle that restates no other. */
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
        List.of(), Map.of(), files, notes);
  }

  /** The words that steer it; for bundles whose reader is a list of words. */
  public WordList words() {
    if (reader instanceof WordList words) {
      return words;
    }
    throw new IllegalStateException("bundle %s does not read a list of words".formatted(name));
  }

  /**
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

  /** The same, its levels made at this quality where they can be. */
  public BundleCard at(Quality quality) {
    return with(levels.stream().map(level -> level.at(quality)).toList());
  }

  /** The same with this level in the place of the one of its name. */
  public BundleCard with(Level level) {
    return with(levels.stream().map(one -> one.name().equals(level.name()) ? level : one).toList());
  }

  /** The same with other levels. */
  public BundleCard with(List<Level> others) {
    return with(others, files, notes);
  }

  /** The same with other files, and other notes of them. */
  public BundleCard with(Map<String, String> otherFiles, Map<String, String> otherNotes) {
    return with(levels, otherFiles, otherNotes);
  }

  private BundleCard with(
      List<Level> others, Map<String, String> otherFiles, Map<String, String> otherNotes) {
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
        weights,
        otherFiles,
        otherNotes);
  }
}
