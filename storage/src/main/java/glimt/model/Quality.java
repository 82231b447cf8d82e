package glimt.model;

/** How much work a job is worth. */
public enum Quality {
  /** What the card says of each level. */
  FULL,

  /** Few steps, by the networks that were taught to need no more: see {@link Level#fast}. */
  FAST
}
