package glimt.storage;

/**
 * The ledger or the artifact store could not do what it was doing; the message says what that was.
 */
public class StorageException extends RuntimeException {
  public StorageException(String doing, Throwable cause) {
    super(doing, cause);
  }

  public StorageException(String doing) {
    super(doing);
  }
}
