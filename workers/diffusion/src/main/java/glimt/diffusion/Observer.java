package glimt.diffusion;

/**
 * Observes a walk. An observer may read the arrays it receives, but must not keep, change or close
 * them.
 */
public interface Observer {

  /** An observer that ignores all events and never stops the walk. */
  Observer NOBODY = new Observer() {};

  /** Called once in each step with its estimate, which a preview can show. */
  default void seen(Estimate now, int step) {}

  /**
   * Called after each step but the last. The observer may save {@code here} as a checkpoint, from
   * which the walk can be resumed.
   *
   * @return whether to continue the walk
   */
  default boolean between(Waypoint here) {
    return true;
  }
}
