package glimt.ledger;

import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.json.Json;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The durable events of each job, numbered without gaps. */
public final class Events {
  /**
   * The update of {@code job} takes its row lock, unless the caller holds it already. A finished
   * level says how many steps its walks took.
   */
  private static final String APPEND =
      """
      WITH said AS (
        SELECT job, fact, row_number() OVER (PARTITION BY job ORDER BY place) AS nth,
               count(*) OVER (PARTITION BY job) AS facts
        FROM unnest(?::uuid[], ?::jsonb[]) WITH ORDINALITY AS said (job, fact, place)),
      counted AS (
        UPDATE job SET last_seq = last_seq + facts
        FROM (SELECT DISTINCT job, facts FROM said) AS total
        WHERE job.id = total.job
        RETURNING job.id, last_seq)
      INSERT INTO event (job, seq, at, fact)
      SELECT job, last_seq - facts + nth, clock_timestamp(),
        CASE WHEN fact ->> 'type' = 'level_finished'
        THEN fact || jsonb_strip_nulls(jsonb_build_object('steps', (
          SELECT sum((
            SELECT attempt.resumed_from + attempt.steps FROM attempt
            WHERE attempt.task = task.id AND attempt.outcome = 'succeeded'))
          FROM task
          WHERE task.job = said.job AND task.work ->> 'type' = 'sample'
            AND task.work ->> 'level' = fact ->> 'level')))
        ELSE fact END
      FROM said JOIN counted ON counted.id = said.job
      RETURNING job, seq
      """;

  private static final NamedSql AFTER =
      NamedSql.of(
          """
          SELECT seq, at, fact FROM event JOIN job ON job.id = event.job
          WHERE job.tenant = :tenant AND job.id = :job AND seq > :seq
          ORDER BY seq LIMIT :most
          """);

  private static final NamedSql OF_TENANT =
      NamedSql.of(
          """
          SELECT event.job, seq, at, fact, xact::text::bigint AS xact, event.number
          FROM event JOIN job ON job.id = event.job
          WHERE job.tenant = :tenant
            AND (xact, event.number) > (:xact::text::xid8, :number::bigint)
            AND xact < pg_snapshot_xmin(pg_current_snapshot())
          ORDER BY xact, event.number LIMIT :most
          """);

  private static final String HORIZON =
      "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xact";

  private static final String NEWEST = "SELECT id, last_seq FROM job WHERE id = ANY (?::uuid[])";

  private static final String RUNNING =
      "SELECT id FROM job WHERE tenant = ? AND started IS NOT NULL AND ending IS NULL";

  private final Database database;

  public Events(Database database) {
    this.database = database;
  }

  /**
   * Returns a job's events with numbers above {@code seq}, in order; empty if there is no such job.
   *
   * @param limit the largest number of events to return
   */
  public List<JobEvent> after(TenantId tenant, JobId job, long seq, int limit) {
    return database.once(
        "read events of job " + job,
        session ->
            session.all(
                AFTER
                    .bind("tenant", tenant.value())
                    .bind("job", job.value())
                    .bind("seq", seq)
                    .bind("most", limit),
                row ->
                    new JobEvent(
                        job,
                        row.getLong("seq"),
                        row.getObject("at", OffsetDateTime.class).toInstant(),
                        Json.read(row.getString("fact"), JobEvent.Fact.class))));
  }

  /**
   * An event among those of all jobs.
   *
   * @param position the place right after it
   */
  public record PlacedEvent(JobEvent event, EventPosition position) {}

  /**
   * Events of a tenant.
   *
   * @param next the place after which to read on
   */
  public record EventPage(List<PlacedEvent> events, EventPosition next) {
    public EventPage {
      events = List.copyOf(events);
    }
  }

  /**
   * Returns the events of all jobs of a tenant after a place, in order. An event appears when no
   * transaction is open any more that began before its own, so that none can follow it that belongs
   * before it.
   *
   * @param limit the largest number of events to return
   */
  public EventPage after(TenantId tenant, EventPosition after, int limit) {
    return database.read(
        "read events of tenant " + tenant,
        session -> {
          List<PlacedEvent> events =
              session.all(
                  OF_TENANT
                      .bind("tenant", tenant.value())
                      .bind("xact", Long.toString(after.xact()))
                      .bind("number", after.number())
                      .bind("most", limit),
                  row ->
                      new PlacedEvent(
                          new JobEvent(
                              new JobId(row.getObject("job", UUID.class)),
                              row.getLong("seq"),
                              row.getObject("at", OffsetDateTime.class).toInstant(),
                              Json.read(row.getString("fact"), JobEvent.Fact.class)),
                          new EventPosition(row.getLong("xact"), row.getLong("number"))));
          return new EventPage(
              events, events.size() == limit ? events.getLast().position() : horizon(session));
        });
  }

  /** Returns the place after which all events come that are not there yet. */
  public EventPosition horizon() {
    return database.once("find the last event", Events::horizon);
  }

  private static EventPosition horizon(Session session) throws SQLException {
    return session.first(HORIZON, row -> new EventPosition(row.getLong("xact"), 0)).orElseThrow();
  }

  /** Returns the number of the newest event of each of these jobs that there is. */
  public Map<JobId, Long> newest(Collection<JobId> jobs) {
    Map<JobId, Long> newest = new HashMap<>();
    database.once(
        "find the newest events of %s jobs".formatted(jobs.size()),
        session ->
            session.all(
                NEWEST,
                row ->
                    newest.put(new JobId(row.getObject("id", UUID.class)), row.getLong("last_seq")),
                (Object) jobs.stream().map(JobId::toString).toArray(String[]::new)));
    return newest;
  }

  /** Returns the jobs of a tenant that have started and not ended. */
  public List<JobId> running(TenantId tenant) {
    return database.once(
        "list running jobs of tenant " + tenant,
        session ->
            session.all(
                RUNNING, row -> new JobId(row.getObject("id", UUID.class)), tenant.value()));
  }

  /** A fact about a job that is to become an event. */
  record JobFact(JobId job, JobEvent.Fact fact) {}

  /** Appends facts to their jobs' events in order, and returns each job's newest event number. */
  static Map<JobId, Long> append(Session session, List<JobFact> facts) throws SQLException {
    Map<JobId, Long> newest = new HashMap<>();
    if (!facts.isEmpty()) {
      session.all(
          APPEND,
          row ->
              newest.merge(
                  new JobId(row.getObject("job", UUID.class)), row.getLong("seq"), Math::max),
          facts.stream().map(one -> one.job().toString()).toArray(String[]::new),
          facts.stream().map(one -> fact(one.fact())).toArray(String[]::new));
    }
    return newest;
  }

  static String fact(JobEvent.Fact fact) {
    return Json.write(fact);
  }
}
