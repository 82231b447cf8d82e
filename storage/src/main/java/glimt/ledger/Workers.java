package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers that asked for work recently. The ledger keeps them so that a task may wait for a
 * better worker; a worker that is not listed is given work all the same.
 */
public final class Workers {
  private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

  /** A worker that failed this many tasks, which other workers then did, is given no more work. */
  public static final int STRIKES = 3;

  /**
   * Notes workers, as parts of the statement by which they claim. Writes no more often than needed:
   * a farm of idle workers should leave the disk alone, but what one did since is written at once,
   * since an idle worker may not be claimed for again. Their times are of the instant at which the
   * statement began: what they are given now is not in them yet.
   */
  static final String SEE =
      """
      seen AS (
        INSERT INTO worker (id, machine, device, numeric_class, cards, memory, warm, seen)
        SELECT id, machine, device, class, cards, memory, warm, now() FROM asks, kind
        WHERE NOT EXISTS (
          SELECT FROM worker
          WHERE worker.id = asks.id AND worker.cards = kind.cards AND worker.warm = kind.warm
            AND worker.seen > now() - make_interval(secs => :often)
            AND (asks.life IS NULL OR EXISTS (
              SELECT FROM worker_time
              WHERE worker_time.worker = asks.id
                AND abs((worker_time.life - worker_time.idle) - (asks.life - asks.idle)) < 1e-6))
          OFFSET 0)
        ORDER BY id
        ON CONFLICT (id) DO UPDATE SET
          machine = excluded.machine, device = excluded.device,
          numeric_class = excluded.numeric_class, cards = excluded.cards,
          memory = excluded.memory, warm = excluded.warm, seen = excluded.seen
        RETURNING id, device),
      timed AS (
        INSERT INTO worker_time (worker, device, at, life, idle, other)
        SELECT seen.id, seen.device, now(), life, idle, other FROM seen JOIN asks USING (id)
        WHERE life IS NOT NULL
        ON CONFLICT (worker) DO UPDATE SET
          at = excluded.at, life = excluded.life, idle = excluded.idle, other = excluded.other)\
      """;

  /** A worker that waits for work asks far more often than this. */
  static final double PATIENCE_SECONDS = 10;

  /** Workers that asked for work within the given seconds, or run a task, and may be given more. */
  static final String LIVING =
      """
      SELECT cards, memory FROM worker
      WHERE drained IS NULL
        AND (seen > clock_timestamp() - make_interval(secs => ?)
          OR EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running'))\
      """;

  /** A row that is locked is that of a worker which is noted by another at this moment. */
  private static final String STILL_THERE =
      """
      WITH mine AS MATERIALIZED (
        SELECT id FROM worker WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
      UPDATE worker SET seen = now() FROM mine WHERE worker.id = mine.id
      """;

  private static final String FORGET = "DELETE FROM worker WHERE id = ?";

  /**
   * Deletes a worker long after any task could wait for it, so that an operator can still see it.
   */
  private static final String FORGET_SILENT =
      """
      DELETE FROM worker
      WHERE seen < now() - make_interval(secs => ?)
        AND NOT EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running')
      """;

  /** Done when a worker goes, since its row is then the last of it. */
  private static final String FORGET_TIMES =
      "DELETE FROM worker_time WHERE at < now() - make_interval(days => ?)";

  /** How long it is known what a worker did with its time. */
  private static final int TIMES_DAYS = 90;

  /**
   * Only a task that then succeeds on another worker counts against the workers that failed it: a
   * task that fails on every worker is itself to blame. Unreadable inputs count against no worker.
   */
  private static final NamedSql STRIKE =
      NamedSql.of(
          """
          WITH struck AS (
            SELECT attempt.worker, count(DISTINCT attempt.task)::integer AS times
            FROM attempt JOIN unnest(:tasks, :workers) AS done (task, worker) ON done.task = attempt.task
            WHERE attempt.outcome = 'failed' AND attempt.worker <> done.worker
            GROUP BY attempt.worker)
          UPDATE worker SET
            strikes = strikes + times,
            drained = CASE WHEN strikes + times >= :strikes THEN coalesce(drained, clock_timestamp())
                           ELSE drained END
          FROM struck WHERE worker.id = struck.worker
          RETURNING worker.id, strikes, strikes - times AS before
          """);

  private static final String CLEAR =
      "UPDATE worker SET strikes = 0 WHERE id = ANY(?) AND drained IS NULL";

  private static final String DRAINED =
      "SELECT id, drained FROM worker WHERE drained IS NOT NULL ORDER BY drained, id";

  private static final Duration REMEMBERED = Duration.ofHours(1);

  private final Database database;

  public Workers(Database database) {
    this.database = database;
  }

  /**
   * Returns the workers that are given no more work, and since when. A process that replaces one is
   * given work again.
   */
  public Map<WorkerId, Instant> drained() {
    return database.read(
        "read who is drained",
        session -> {
          Map<WorkerId, Instant> drained = new LinkedHashMap<>();
          session.all(
              DRAINED,
              row ->
                  drained.put(
                      new WorkerId(row.getString("id")),
                      row.getObject("drained", OffsetDateTime.class).toInstant()));
          return drained;
        });
  }

  /** Clears the strikes of workers that succeeded, and strikes those that failed the same tasks. */
  static void recordSuccesses(Session session, Collection<RunningAttempt> succeeded)
      throws SQLException {
    List<RunningAttempt> retried =
        succeeded.stream().filter(attempt -> attempt.failures() > 0).toList();
    if (!retried.isEmpty()) {
      session.all(
          STRIKE
              .bind(
                  "tasks",
                  retried.stream().mapToLong(attempt -> attempt.lease().task().value()).toArray())
              .bind("workers", retried.stream().map(RunningAttempt::worker).toArray(String[]::new))
              .bind("strikes", STRIKES),
          row -> {
            if (row.getInt("before") < STRIKES && row.getInt("strikes") >= STRIKES) {
              LOG.warn(
                  "drained {}: it failed {} tasks that others then did",
                  row.getString("id"),
                  row.getInt("strikes"));
            }
            return row;
          });
    }
    String[] cleared =
        succeeded.stream()
            .filter(attempt -> attempt.strikes() > 0)
            .map(RunningAttempt::worker)
            .toArray(String[]::new);
    if (cleared.length > 0) {
      session.update(CLEAR, (Object) cleared);
    }
  }

  /** Notes that workers are there which the ledger knows. */
  static int see(Session session, List<WorkerId> workers) throws SQLException {
    return session.update(
        STILL_THERE, (Object) workers.stream().map(WorkerId::value).toArray(String[]::new));
  }

  /** Forgets a worker whose process has ended. */
  static void forget(Session session, WorkerId worker) throws SQLException {
    session.update(FORGET, worker.value());
    session.update(FORGET_TIMES, TIMES_DAYS);
  }

  static void forgetSilent(Session session) throws SQLException {
    if (session.update(FORGET_SILENT, (double) REMEMBERED.toSeconds()) > 0) {
      session.update(FORGET_TIMES, TIMES_DAYS);
    }
  }

  static String[] cards(WorkerCard worker) {
    return Stream.concat(worker.bundles().values().stream(), worker.restated().stream())
        .map(ArtifactId::sha256)
        .sorted()
        .toArray(String[]::new);
  }
}
