package glimt.model;

import java.util.List;

/** What a bundle makes. */
public enum Kind {
  IMAGE,
  VIDEO,
  POINTS;

  /** Returns the names of a sample's axes, in the order of its dimensions. */
  public List<String> axes() {
    return switch (this) {
      case IMAGE -> List.of("height", "width");
      case VIDEO -> List.of("frames", "height", "width");
      case POINTS -> List.of("points");
    };
  }
}
