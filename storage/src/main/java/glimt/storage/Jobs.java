package glimt.storage;

import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.job.Work;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The jobs of every tenant: submitted, read and cancelled. Each is read by (tenant, id). */
public final class Jobs {
  private static final String SUBMIT =
      """
      INSERT INTO job (id, tenant, card, spec, warnings, created, last_seq)
      VALUES (?, ?, ?, ?::jsonb, ?::jsonb, clock_timestamp(), 1)
      RETURNING number
      """;

  private static final String SUBMITTED =
      "INSERT INTO event (job, seq, at, fact) VALUES (?, 1, clock_timestamp(), ?::jsonb)";

  private static final String PLAN_TASKS =
      """
      INSERT INTO task
        (job, job_number, ordinal, card, work, amount, steps, waits_for, state, ready_at)
      SELECT ?, ?, ordinal, ?, work::jsonb, amount, steps, waits_for,
             CASE WHEN waits_for = 0 THEN 'ready' ELSE 'blocked' END, clock_timestamp()
      FROM unnest(?, ?, ?, ?, ?) AS planned (ordinal, work, amount, steps, waits_for)
      ORDER BY ordinal
      """;

  private static final String PLAN_EDGES =
      """
      INSERT INTO task_edge (before, after, position)
      SELECT reads.id, task.id, position
      FROM unnest(?, ?, ?) AS edge (ordinal, reads, position)
      JOIN task ON task.job = ? AND task.ordinal = edge.ordinal
      JOIN task AS reads ON reads.job = task.job AND reads.ordinal = edge.reads
      """;

  private static final String FIND = "SELECT * FROM job WHERE tenant = ? AND id = ?";

  private static final String NUMBER = "SELECT number FROM job WHERE tenant = ? AND id = ?";

  private static final String LIST =
      """
      SELECT * FROM job
      WHERE tenant = ? AND number < ? AND (?::text IS NULL OR ? = CASE
        WHEN ending IS NOT NULL THEN ending
        WHEN started IS NOT NULL THEN 'running'
        ELSE 'queued' END)
      ORDER BY number DESC LIMIT ?
      """;

  private static final String LOCK =
      "SELECT id FROM job WHERE tenant = ? AND id = ? AND ended IS NULL FOR UPDATE";

  private final Database database;

  public Jobs(Database database) {
    this.database = database;
  }

  /**
   * Remembers a job and how it is split. Once this returns, it is durable.
   *
   * @param card the digest of a card that is in the catalogue, with which the plan was made
   */
  public JobView submit(TenantId tenant, JobSpec spec, ArtifactId card, Plan plan) {
    JobId job = JobId.random();
    return database.transact(
        "submit job " + job,
        session -> {
          insert(session, tenant, job, spec, card, plan);
          return view(session, tenant, job).orElseThrow();
        });
  }

  public Optional<JobView> find(TenantId tenant, JobId job) {
    return database.read("find job " + job, session -> view(session, tenant, job));
  }

  /**
   * The newest jobs first.
   *
   * @param after show only jobs older than this one
   * @param state show only jobs in this state
   * @throws InvalidSpec if there is no job {@code after}
   */
  public List<JobView> list(
      TenantId tenant, int limit, Optional<JobId> after, Optional<JobState> state) {
    return database.read(
        "list jobs",
        session -> {
          long below = Long.MAX_VALUE;
          if (after.isPresent()) {
            below =
                session
                    .first(
                        NUMBER, row -> row.getLong("number"), tenant.value(), after.get().value())
                    .orElseThrow(() -> new InvalidSpec("after", "no such job"));
          }
          String wanted = state.map(Endings::word).orElse(null);
          return JobViews.of(session, LIST, tenant.value(), below, wanted, wanted, limit);
        });
  }

  /** Ends a job now, unless it has ended; empty if there is no such job. */
  public Optional<JobView> cancel(TenantId tenant, JobId job) {
    return database.transact(
        "cancel job " + job,
        session -> {
          if (session.first(LOCK, row -> row, tenant.value(), job.value()).isPresent()) {
            Endings.ofLocked(session).cutShort(job, JobState.CANCELLED, null, null);
          }
          return view(session, tenant, job);
        });
  }

  private static void insert(
      Session session, TenantId tenant, JobId job, JobSpec spec, ArtifactId card, Plan plan)
      throws SQLException {
    long number =
        session
            .first(
                SUBMIT,
                row -> row.getLong("number"),
                job.value(),
                tenant.value(),
                card.sha256(),
                Json.write(spec),
                Json.write(plan.warnings()))
            .orElseThrow();
    session.update(SUBMITTED, job.value(), Events.fact(new JobEvent.Submitted(plan.warnings())));
    List<Plan.PlannedTask> tasks = plan.tasks();
    session.update(
        PLAN_TASKS,
        job.value(),
        number,
        card.sha256(),
        tasks.stream().mapToInt(Plan.PlannedTask::ordinal).toArray(),
        tasks.stream().map(task -> Json.write(task.work())).toArray(String[]::new),
        tasks.stream().mapToLong(task -> task.work().amount()).toArray(),
        tasks.stream().mapToInt(task -> steps(task.work())).toArray(),
        tasks.stream().mapToInt(task -> task.after().size()).toArray());
    List<Integer> ordinals = new ArrayList<>();
    List<Integer> reads = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    for (Plan.PlannedTask task : tasks) {
      for (int position = 0; position < task.after().size(); position++) {
        ordinals.add(task.ordinal());
        reads.add(task.after().get(position));
        positions.add(position);
      }
    }
    session.update(
        PLAN_EDGES,
        ordinals.toArray(Integer[]::new),
        reads.toArray(Integer[]::new),
        positions.toArray(Integer[]::new),
        job.value());
  }

  private static int steps(Work work) {
    return switch (work) {
      case Work.Sample sample -> sample.sampling().steps();
      case Work.Assemble _ -> 1;
    };
  }

  private static Optional<JobView> view(Session session, TenantId tenant, JobId job)
      throws SQLException {
    return JobViews.of(session, FIND, tenant.value(), job.value()).stream().findFirst();
  }
}
