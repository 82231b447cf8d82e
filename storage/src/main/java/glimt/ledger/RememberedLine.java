package glimt.ledger;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The line of open jobs, which is remembered for a second: reading it reads every open task. */
final class RememberedLine {
  private static final long FRESH_NANOS = 1_000_000_000L;

  private volatile @Nullable Backlog last;

  Backlog read(Session session) throws SQLException {
    Backlog line = last;
    if (line == null || System.nanoTime() - line.asOf() > FRESH_NANOS) {
      line = Backlog.read(session);
      last = line;
    }
    return line;
  }
}
