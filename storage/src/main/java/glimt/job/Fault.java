package glimt.job;

/** The kinds of failure of a task, which decide whether it is retried. */
public enum Fault {
  /** The task cannot be done as specified. */
  INVALID(false),
  /** The worker disappeared. The attempt is not charged as a try, but losses are limited too. */
  LOST(true),
  /** The device ran out of memory. */
  OUT_OF_MEMORY(true),
  /** The task kills every worker that tries it, or its result is not finite. */
  POISON(false),
  /** A content filter stopped it. */
  BLOCKED(false),
  /** The deadline passed or the budget was spent before the first level was finished. */
  LATE(false),
  /** A file could not be read or written. */
  STORAGE(true),
  /** A defect of glimt itself. */
  INTERNAL(true);

  private final boolean retryable;

  Fault(boolean retryable) {
    this.retryable = retryable;
  }

  /** Returns whether another attempt could succeed. */
  public boolean retryable() {
    return retryable;
  }
}
