package glimt.deploy.node;

/** Something outside stands in the way; the message tells a person what, and the way out. */
public final class DeployException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public DeployException(String message) {
    super(message);
  }

  /** For what already says it well enough. */
  public DeployException(RuntimeException cause) {
    super(cause.getMessage(), cause);
  }

  public DeployException(String message, Throwable cause) {
    super(message, cause);
  }
}
