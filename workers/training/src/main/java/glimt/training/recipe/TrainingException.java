package glimt.training.recipe;

/** Training cannot go on. The message says what was wrong and what is kept. */
public final class TrainingException extends RuntimeException {
  /**
   * @param message what is wrong, and the way out
   */
  public TrainingException(String message) {
    super(message);
  }

  /**
   * @param message what is wrong, and the way out
   */
  public TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
