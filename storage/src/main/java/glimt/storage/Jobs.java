package glimt.storage;

import static java.util.Objects.requireNonNull;

import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.LevelView;
import glimt.job.JobView.TaskView;
import glimt.job.Plan;
import glimt.job.TaskId;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.Work;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The jobs of every tenant: submitted, read and cancelled. Each is read by (tenant, id). */
public final class Jobs {
  /**
   * One statement, so that a submission costs one question and one commit. With a key that was used
   * before nothing is written and nothing comes back.
   */
  private static final String SUBMIT =
      """
      WITH submitted AS (
        INSERT INTO job (id, tenant, card, spec, warnings, created, last_seq, key, asked)
        VALUES (?, ?, ?, ?::jsonb, ?::jsonb, clock_timestamp(), 1, ?, ?)
        ON CONFLICT (tenant, key) WHERE key IS NOT NULL DO NOTHING
        RETURNING id, number, created, card),
      told AS (
        INSERT INTO event (job, seq, at, fact) SELECT id, 1, created, ?::jsonb FROM submitted),
      planned AS (
        INSERT INTO task
          (job, job_number, ordinal, card, work, amount, steps, waits_for, state, ready_at)
        SELECT submitted.id, number, ordinal, card, work::jsonb, amount, steps, waits_for,
               CASE WHEN waits_for = 0 THEN 'ready' ELSE 'blocked' END, created
        FROM submitted, unnest(?, ?, ?, ?, ?) AS plan (ordinal, work, amount, steps, waits_for)
        ORDER BY ordinal
        RETURNING id, ordinal),
      joined AS (
        INSERT INTO task_edge (before, after, position)
        SELECT reads.id, planned.id, position
        FROM unnest(?, ?, ?) AS edge (ordinal, reads, position)
        JOIN planned ON planned.ordinal = edge.ordinal
        JOIN planned AS reads ON reads.ordinal = edge.reads)
      SELECT created, planned.id AS task FROM submitted, planned ORDER BY ordinal
      """;

  private static final String BY_KEY = "SELECT id, asked FROM job WHERE tenant = ? AND key = ?";

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

  /**
   * By which a client that heard no answer may ask again.
   *
   * @param asked the digest of what is asked for with it
   */
  public record Key(String value, ArtifactId asked) {
    public Key {
      if (value.isEmpty() || value.length() > KEY_LIMIT || !value.matches("[\\x21-\\x7e]+")) {
        throw new InvalidSpec(
            "Idempotency-Key", "must be 1 to %d visible ASCII characters".formatted(KEY_LIMIT));
      }
    }
  }

  public static final int KEY_LIMIT = 255;

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
    return submit(tenant, spec, card, plan, null).orElseThrow();
  }

  /**
   * As above; asked again with the same key, it gives the job that was made the first time.
   *
   * @return nothing if the key was used to ask for something else
   */
  public Optional<JobView> submit(
      TenantId tenant, JobSpec spec, ArtifactId card, Plan plan, @Nullable Key key) {
    JobId job = JobId.random();
    return database.transact(
        "submit job " + job,
        session -> {
          List<Row> rows = insert(session, tenant, job, spec, card, plan, key);
          if (!rows.isEmpty()) {
            return Optional.of(fresh(tenant, job, spec, card, plan, rows));
          }
          Earlier earlier =
              session
                  .first(BY_KEY, Earlier::read, tenant.value(), requireNonNull(key).value())
                  .orElseThrow();
          return earlier.asked().equals(key.asked().sha256())
              ? view(session, tenant, earlier.job())
              : Optional.empty();
        });
  }

  /** What the ledger made of a planned task. */
  private record Row(Instant created, TaskId task) {
    static Row read(ResultSet row) throws SQLException {
      return new Row(
          row.getObject("created", OffsetDateTime.class).toInstant(),
          new TaskId(row.getLong("task")));
    }
  }

  /** A job that was asked for before, with the same key. */
  private record Earlier(JobId job, String asked) {
    static Earlier read(ResultSet row) throws SQLException {
      return new Earlier(new JobId(row.getObject("id", UUID.class)), row.getString("asked"));
    }
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

  private static List<Row> insert(
      Session session,
      TenantId tenant,
      JobId job,
      JobSpec spec,
      ArtifactId card,
      Plan plan,
      @Nullable Key key)
      throws SQLException {
    List<Plan.PlannedTask> tasks = plan.tasks();
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
    return session.all(
        SUBMIT,
        Row::read,
        job.value(),
        tenant.value(),
        card.sha256(),
        Json.write(spec),
        Json.write(plan.warnings()),
        key == null ? null : key.value(),
        key == null ? null : key.asked().sha256(),
        Events.fact(new JobEvent.Submitted(plan.warnings())),
        tasks.stream().mapToInt(Plan.PlannedTask::ordinal).toArray(),
        tasks.stream().map(task -> Json.write(task.work())).toArray(String[]::new),
        tasks.stream().mapToLong(task -> task.work().amount()).toArray(),
        tasks.stream().mapToInt(task -> steps(task.work())).toArray(),
        tasks.stream().mapToInt(task -> task.after().size()).toArray(),
        ordinals.toArray(Integer[]::new),
        reads.toArray(Integer[]::new),
        positions.toArray(Integer[]::new));
  }

  /** The job as it would be read now, without asking. */
  private static JobView fresh(
      TenantId tenant, JobId job, JobSpec spec, ArtifactId card, Plan plan, List<Row> rows) {
    Map<String, List<TaskView>> levels = new LinkedHashMap<>();
    for (Plan.PlannedTask task : plan.tasks()) {
      levels
          .computeIfAbsent(task.work().level(), _ -> new ArrayList<>())
          .add(
              new TaskView(
                  rows.get(task.ordinal()).task(),
                  task.ordinal(),
                  task.work(),
                  task.after().isEmpty() ? TaskState.READY : TaskState.BLOCKED,
                  0,
                  List.of()));
    }
    return new JobView(
        job,
        tenant,
        spec,
        card,
        JobState.QUEUED,
        0,
        plan.warnings(),
        rows.getFirst().created(),
        null,
        null,
        null,
        null,
        1,
        levels.entrySet().stream()
            .map(
                level ->
                    new LevelView(level.getKey(), JobState.QUEUED, 0, List.of(), level.getValue()))
            .toList());
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
