package glimt.training.recipe;

/**
 * Thrown when training or evaluation cannot continue. The message gives the cause and the remedy.
 */
public final class TrainingException extends RuntimeException {
  /**
   * Creates an exception.
   *
   * @param message the cause and the remedy
   */
  public TrainingException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param message the cause and the remedy
   */
  public TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
