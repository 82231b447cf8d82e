package glimt.model;

import java.util.List;

/** What a bundle makes, and by which axes it is measured. */
public enum Kind {
  IMAGE,
  VIDEO,
  POINTS;

  /** The axes of what people see, in the order of a sample's. */
  public List<String> axes() {
    return switch (this) {
      case IMAGE -> List.of("height", "width");
      case VIDEO -> List.of("frames", "height", "width");
      case POINTS -> List.of("points");
    };
  }
}
