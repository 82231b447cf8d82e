package glimt.storage;

import glimt.job.ArtifactId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Who asked for work of late. It is kept so that a task may wait for somebody better, and promises
 * nothing: a worker that is not in it is given work like any other.
 */
final class Workers {
  /** Written no more often than needed: a farm of idle workers should leave the disk alone. */
  private static final String SEE =
      """
      INSERT INTO worker (id, machine, device, numeric_class, cards, seen)
      SELECT ?, ?, ?, ?, ?, now()
      WHERE NOT EXISTS (
        SELECT FROM worker
        WHERE id = ? AND cards = ?::text[] AND seen > now() - make_interval(secs => ?))
      ON CONFLICT (id) DO UPDATE SET
        machine = excluded.machine, device = excluded.device,
        numeric_class = excluded.numeric_class, cards = excluded.cards, seen = excluded.seen
      """;

  private static final String FORGET = "DELETE FROM worker WHERE id = ?";

  /** Long after anything could wait for it, for whoever asks who was here. */
  private static final String FORGET_SILENT =
      """
      DELETE FROM worker
      WHERE seen < now() - make_interval(secs => ?)
        AND NOT EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running')
      """;

  private static final Duration REMEMBERED = Duration.ofHours(1);

  private Workers() {}

  /**
   * @param often how many seconds may pass before it is written again
   */
  static void see(Session session, WorkerCard worker, String machine, double often)
      throws SQLException {
    String id = worker.id().value();
    String[] cards = cards(worker);
    session.update(
        SEE, id, machine, worker.device(), worker.numericClass(), cards, id, cards, often);
  }

  /** Its process has ended. */
  static void forget(Session session, WorkerId worker) throws SQLException {
    session.update(FORGET, worker.value());
  }

  static void forgetSilent(Session session) throws SQLException {
    session.update(FORGET_SILENT, (double) REMEMBERED.toSeconds());
  }

  static String[] cards(WorkerCard worker) {
    return worker.bundles().values().stream()
        .map(ArtifactId::sha256)
        .sorted()
        .toArray(String[]::new);
  }
}
