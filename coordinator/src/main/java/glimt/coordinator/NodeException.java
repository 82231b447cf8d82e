package glimt.coordinator;

/** This process cannot be a node of its farm; the message names the cause. */
public final class NodeException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NodeException(String message) {
    super(message);
  }

  NodeException(String message, Throwable cause) {
    super(message, cause);
  }
}
