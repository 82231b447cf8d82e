package glimt.ledger;

/** A tenant has as much as it may have; the message says of what. Nothing was written. */
public final class QuotaExceeded extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int retryAfter;

  /**
   * @param retryAfter the seconds after which there may be room
   */
  QuotaExceeded(String message, int retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }

  /** Returns the seconds after which there may be room. */
  public int retryAfter() {
    return retryAfter;
  }
}
