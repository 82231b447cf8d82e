package glimt.model;

import java.util.List;
import java.util.Map;

/**
 * What a bundle says of itself, in {@code bundle.json}: everything a job needs to be planned and
 * everything a person should know before trusting what it makes.
 *
 * @param name by which jobs ask for it
 * @param kind what it makes
 * @param summary one sentence for people
 * @param licence of weights and data, with its doubts
 * @param vocabulary the words that steer it
 * @param fps frames a second at the level with the most frames; 0 for points
 * @param scale what one unit of each channel of a sample is worth in the file people open
 * @param offset what 0 of each channel is there
 * @param levels from the base up
 * @param files the SHA-256 of every other file of the bundle, by name
 * @param notes what else the card tells: data, training, figures, failures
 */
public record BundleCard(
    String name,
    Kind kind,
    String summary,
    String licence,
    Vocabulary vocabulary,
    int fps,
    List<Double> scale,
    List<Double> offset,
    List<Level> levels,
    Map<String, String> files,
    Map<String, String> notes) {
  public BundleCard {
    scale = List.copyOf(scale);
    offset = List.copyOf(offset);
    levels = List.copyOf(levels);
    files = Map.copyOf(files);
    notes = Map.copyOf(notes);
    if (levels.isEmpty()) {
      throw new IllegalArgumentException("bundle %s has no levels".formatted(name));
    }
    for (Level level : levels) {
      if (level.channels() != scale.size() || level.channels() != offset.size()) {
        throw new IllegalArgumentException(
            "bundle %s: level %s has %s channels, scale %s, offset %s"
                .formatted(name, level.name(), level.channels(), scale.size(), offset.size()));
      }
    }
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
        name,
        kind,
        summary,
        licence,
        vocabulary,
        fps,
        scale,
        offset,
        others,
        otherFiles,
        otherNotes);
  }
}
