package glimt.job;

/** What a bundle makes. */
public enum Kind {
  VIDEO,
  POINTS
}
