package glimt.ledger;

import glimt.job.Fault;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.TaskId;
import glimt.json.EnumWord;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The jobs whose rows the current transaction has locked, in the order of their ids: how they end,
 * and the number of the newest event of each.
 */
final class LockedJobs {
  private static final String LOCK =
      """
      SELECT id, last_seq, deadline IS NOT NULL OR budget IS NOT NULL AS limited FROM job
      WHERE id IN (SELECT job FROM task WHERE id = ANY(?))
      ORDER BY id FOR UPDATE
      """;

  private static final String END_DONE =
      """
      UPDATE job SET ended = clock_timestamp(), ending = 'succeeded'
      WHERE id = ANY(?::uuid[]) AND ended IS NULL
        AND NOT EXISTS (
          SELECT FROM task
          WHERE task.job = job.id AND state <> 'succeeded' AND remade_in IS NULL)
      RETURNING id
      """;

  private static final String NEWEST_WHOLE_LEVEL =
      """
      SELECT work ->> 'level' AS level, ordinal FROM task
      WHERE job = ? AND work ->> 'type' = 'assemble' AND state = 'succeeded' AND taken IS NULL
      ORDER BY ordinal DESC LIMIT 1
      """;

  private static final NamedSql END =
      NamedSql.of(
          """
          UPDATE job SET ended = clock_timestamp(), ending = :ending, fault = :fault, why = :why,
            ended_at_level = :level
          WHERE id = :job AND ended IS NULL
          """);

  /**
   * A task whose file is being remade has an accepted result, and keeps it. A statement of its own
   * ends the attempts: this one may have waited for a claim, and would not see the attempt that the
   * claim began.
   */
  private static final String CANCEL_REST =
      """
      WITH rest AS MATERIALIZED (
        SELECT id FROM task WHERE job = ? AND state IN ('blocked', 'ready', 'running')
          AND EXISTS (SELECT FROM job WHERE id = task.job AND ended IS NULL)
        ORDER BY id FOR UPDATE)
      UPDATE task SET
        state = CASE WHEN remade_in IS NULL THEN 'cancelled' ELSE 'succeeded' END,
        waits_for = CASE WHEN remade_in IS NULL THEN waits_for ELSE 0 END,
        lease_until = NULL, remade_in = NULL,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
        fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
      FROM rest WHERE task.id = rest.id
      RETURNING task.id, attempt
      """;

  private final Session session;
  private final Map<JobId, Long> lastSeq;
  private final Set<JobId> limited;

  private LockedJobs(Session session, Map<JobId, Long> lastSeq, Set<JobId> limited) {
    this.session = session;
    this.lastSeq = lastSeq;
    this.limited = limited;
  }

  /**
   * A finished level.
   *
   * @param last the ordinal of its last task
   */
  record WholeLevel(String name, int last) {}

  /** Locks the jobs of some tasks. */
  static LockedJobs of(Session session, Collection<TaskId> tasks) throws SQLException {
    Map<JobId, Long> lastSeq = new HashMap<>();
    Set<JobId> limited = new HashSet<>();
    session.all(
        LOCK,
        row -> {
          JobId job = new JobId(row.getObject("id", UUID.class));
          lastSeq.put(job, row.getLong("last_seq"));
          return row.getBoolean("limited") && limited.add(job);
        },
        tasks.stream().mapToLong(TaskId::value).toArray());
    return new LockedJobs(session, lastSeq, limited);
  }

  /** Returns the jobs that the caller has locked by a statement of its own. */
  static LockedJobs alreadyLocked(Session session) {
    return new LockedJobs(session, new HashMap<>(), Set.of());
  }

  /** Whether a job may have a deadline or a budget. */
  boolean isLimited(JobId job) {
    return limited.contains(job);
  }

  long lastSeq(JobId job) {
    return lastSeq.getOrDefault(job, 0L);
  }

  /** Ends those of {@code jobs} whose tasks have all succeeded, and appends {@code facts} first. */
  void endDone(Collection<JobId> jobs, List<Events.JobFact> facts) throws SQLException {
    List<Events.JobFact> all = new ArrayList<>(facts);
    String[] ids = jobs.stream().map(JobId::toString).distinct().toArray(String[]::new);
    for (JobId done :
        session.all(END_DONE, row -> new JobId(row.getObject("id", UUID.class)), (Object) ids)) {
      all.add(new Events.JobFact(done, new JobEvent.JobEnded(JobState.SUCCEEDED, null, null)));
    }
    lastSeq.putAll(Events.append(session, all));
  }

  /**
   * Ends a job before its tasks are done, and cancels the tasks that are left. A job that has ended
   * keeps its first ending.
   */
  void cutShort(JobId job, JobState ending, @Nullable Fault fault, @Nullable String why)
      throws SQLException {
    cutShort(job, ending, fault, why, null);
  }

  /** Returns the newest whole level that a job made itself; the caller has locked the job. */
  static Optional<WholeLevel> newestWholeLevel(Session session, JobId job) throws SQLException {
    return session.first(
        NEWEST_WHOLE_LEVEL,
        row -> new WholeLevel(row.getString("level"), row.getInt("ordinal")),
        job.value());
  }

  /** Ends a job as above, with a whole level as its result. */
  void endAt(JobId job, String level, String why) throws SQLException {
    cutShort(job, JobState.SUCCEEDED, null, why, level);
  }

  private void cutShort(
      JobId job,
      JobState ending,
      @Nullable Fault fault,
      @Nullable String why,
      @Nullable String level)
      throws SQLException {
    EndedAttempts cancelled = new EndedAttempts();
    session.all(CANCEL_REST, Leases::lease, job.value()).forEach(cancelled::addCancelled);
    cancelled.write(session);
    // The clock is read after every claim that was waited for: nothing begins after the end.
    int written =
        session.update(
            END.bind("ending", EnumWord.of(ending))
                .bind("fault", fault == null ? null : EnumWord.of(fault))
                .bind("why", why)
                .bind("level", level)
                .bind("job", job.value()));
    if (written == 1) {
      JobEvent.Fact ended = new JobEvent.JobEnded(ending, fault, why);
      lastSeq.putAll(Events.append(session, List.of(new Events.JobFact(job, ended))));
    }
  }
}
