package glimt.training;

/** Whoever watches a training. */
public interface Watch {

  /** How far it is; the next such line takes the place of this one. */
  void now(String line);

  /** Something that will stay true. */
  void done(String line);
}
