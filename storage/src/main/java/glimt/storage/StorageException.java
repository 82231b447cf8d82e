package glimt.storage;

import java.sql.SQLException;

/**
 * The ledger or the artifact store could not do what it was doing; the message says what that was.
 */
public class StorageException extends RuntimeException {
  StorageException(String doing, Throwable cause) {
    super(doing, cause);
  }

  /**
   * Whether PostgreSQL refused what was to be written for what it holds, so that nothing was: SQL
   * states of class 22, data exceptions, and 23, violated constraints.
   */
  boolean isOfContent() {
    return getCause() instanceof SQLException refusal
        && refusal.getSQLState() != null
        && refusal.getSQLState().matches("2[23]...");
  }

  StorageException(String doing) {
    super(doing);
  }
}
