package glimt.deploy.node;

/**
 * A node was put out of its farm and could not come back: whoever watches over it starts it again.
 */
public final class PutOutException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The exit code that says so. */
  public static final int CODE = 3;

  public PutOutException(DeployException why) {
    super("put out of the farm, and could not come back: " + why.getMessage(), why);
  }
}
