package glimt.storage;

/** The ledger, the artifact store or the embedded database failed; the message says at what. */
public class StorageException extends RuntimeException {
  /**
   * @param doing the action that failed, such as "read artifact …"; the message is "could not" and
   *     this
   */
  public StorageException(String doing, Throwable cause) {
    super("could not " + doing, cause);
  }

  /**
   * @param message what failed and why
   */
  public StorageException(String message) {
    super(message);
  }
}
