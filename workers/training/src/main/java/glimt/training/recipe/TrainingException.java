package glimt.training.recipe;

/** Training cannot go on. The message says what was wrong and what is kept. */
public final class TrainingException extends RuntimeException {
  public TrainingException(String message) {
    super(message);
  }

  public TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
