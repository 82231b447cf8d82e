package glimt.model;

/** How a job trades quality for time. */
public enum Quality {
  /** Each level's own network and sampling. */
  FULL,

  /** Few steps, where a level has a way to them: see {@link Level#fast}. */
  FAST
}
