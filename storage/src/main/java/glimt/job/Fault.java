package glimt.job;

/** What kind of failure it was; each answers one question: would trying again help? */
public enum Fault {
  /** It cannot be done as it was asked. */
  INVALID(false),
  /** The worker went away. Uncharged, but counted. */
  LOST(true),
  /** The device had no room. */
  OUT_OF_MEMORY(true),
  /** It harms every worker that tries, or what it computes is not a number. */
  POISON(false),
  /** A file could not be read or written. */
  STORAGE(true),
  /** Our own mistake. */
  INTERNAL(true);

  private final boolean retryable;

  Fault(boolean retryable) {
    this.retryable = retryable;
  }

  public boolean retryable() {
    return retryable;
  }
}
