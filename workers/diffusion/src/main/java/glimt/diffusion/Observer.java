package glimt.diffusion;

/** Watches a walk. The arrays it is shown are its to read, not to keep, change or close. */
public interface Observer {

  /** Sees nothing and never stops. */
  Observer NOBODY = new Observer() {};

  /** Called once in each step, with the estimate it started from: what a preview shows. */
  default void seen(Estimate now, int step) {}

  /**
   * Called after each step but the last: the moment to save {@code here}, which is all that a
   * resumed walk needs.
   *
   * @return whether to go on; false ends the walk here
   */
  default boolean between(Waypoint here) {
    return true;
  }
}
