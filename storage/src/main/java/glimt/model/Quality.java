package glimt.model;

/** How a job trades quality for time. */
public enum Quality {
  /** Each level's own network and sampling. */
  FULL,

  /** Few steps by distilled networks, where a level has one: see {@link Level#fast}. */
  FAST
}
