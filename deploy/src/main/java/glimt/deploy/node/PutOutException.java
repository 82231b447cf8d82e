package glimt.deploy.node;

/**
 * A node was removed from its farm's cluster and could not rejoin. Its process exits with {@link
 * #CODE}, so that a supervisor can start it again.
 */
public final class PutOutException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The exit code of the process. */
  public static final int CODE = 3;

  /**
   * @param why why the last attempt to rejoin failed
   */
  public PutOutException(DeployException why) {
    super(
        "the node was removed from the farm's cluster and could not rejoin: "
            + why.getMessage()
            + "; start it again",
        why);
  }
}
