package glimt.model;

/** What a bundle makes. */
public enum Kind {
  VIDEO,
  POINTS
}
