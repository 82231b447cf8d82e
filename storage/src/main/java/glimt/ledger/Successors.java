package glimt.ledger;

import glimt.job.JobId;
import glimt.job.Lease;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** The tasks that wait for the result of another. */
final class Successors {
  /**
   * Grouped first: UPDATE … FROM touches each row once, however many edges lead to it, so two
   * predecessors in one batch would count as one.
   */
  private static final String FREE =
      """
      WITH freed AS (
        SELECT after AS id, count(*)::integer AS predecessors
        FROM task_edge WHERE before = ANY(?) GROUP BY after),
      locked AS MATERIALIZED (
        SELECT task.id, predecessors FROM task JOIN freed ON freed.id = task.id
        WHERE state = 'blocked' ORDER BY task.id FOR UPDATE OF task)
      UPDATE task SET
        waits_for = waits_for - predecessors,
        state = CASE WHEN waits_for = predecessors THEN 'ready' ELSE 'blocked' END,
        ready_at = clock_timestamp()
      FROM locked WHERE task.id = locked.id AND state = 'blocked'
      RETURNING task.job, state
      """;

  private Successors() {}

  /**
   * Lets the successors of finished tasks wait for them no longer.
   *
   * @return the job of each task that became ready
   */
  static List<JobId> free(Session session, Collection<Lease> finished) throws SQLException {
    List<JobId> freed = new ArrayList<>();
    session.all(
        FREE,
        row ->
            row.getString("state").equals("ready")
                && freed.add(new JobId(row.getObject("job", UUID.class))),
        Leases.tasks(finished));
    return freed;
  }
}
