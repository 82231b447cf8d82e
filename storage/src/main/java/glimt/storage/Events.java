package glimt.storage;

import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.TenantId;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;

/** What happened to each job, for ever, numbered without a gap. */
public final class Events {
  /** Under the job's row lock, which the update takes if the caller has not. */
  private static final String APPEND =
      """
      WITH counted AS (
        UPDATE job SET last_seq = last_seq + 1 WHERE id = ? RETURNING id, last_seq)
      INSERT INTO event (job, seq, at, fact)
      SELECT id, last_seq, clock_timestamp(), ?::jsonb FROM counted
      RETURNING seq
      """;

  private static final String AFTER =
      """
      SELECT seq, at, fact FROM event JOIN job ON job.id = event.job
      WHERE job.tenant = ? AND job.id = ? AND seq > ?
      ORDER BY seq LIMIT ?
      """;

  private final Database database;

  public Events(Database database) {
    this.database = database;
  }

  /** The events of a job with numbers above {@code seq}, in order; none if there is no such job. */
  public List<JobEvent> after(TenantId tenant, JobId job, long seq, int limit) {
    return database.read(
        "read events of job " + job,
        session ->
            session.all(
                AFTER,
                row ->
                    new JobEvent(
                        job,
                        row.getLong("seq"),
                        row.getObject("at", OffsetDateTime.class).toInstant(),
                        Json.read(row.getString("fact"), JobEvent.Fact.class)),
                tenant.value(),
                job.value(),
                seq,
                limit));
  }

  /** Returns the event's number. */
  static long append(Session session, JobId job, JobEvent.Fact fact) throws SQLException {
    return session
        .first(APPEND, row -> row.getLong("seq"), job.value(), fact(fact))
        .orElseThrow(() -> new StorageException("append to a job that is not there: " + job));
  }

  static String fact(JobEvent.Fact fact) {
    return Json.write(fact);
  }
}
