package glimt.deploy.node;

/** A failure that the user can do something about; the message names the cause and the way out. */
public final class DeployException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public DeployException(String message) {
    super(message);
  }

  /** Takes over the message of the cause. */
  public DeployException(RuntimeException cause) {
    super(cause.getMessage(), cause);
  }

  public DeployException(String message, Throwable cause) {
    super(message, cause);
  }
}
