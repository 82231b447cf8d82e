package glimt.deploy;

/**
 * A node was put out of its farm and could not come back: whoever watches over it starts it again.
 */
final class PutOutException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The exit code that says so. */
  static final int CODE = 3;

  PutOutException(DeployException why) {
    super("put out of the farm, and could not come back: " + why.getMessage(), why);
  }
}
