package glimt.storage;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.InvalidSpec;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.JobView.LevelView;
import glimt.job.JobView.TaskView;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.TaskId;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.Work;
import glimt.job.WorkerId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

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

  private static final String TASKS =
      "SELECT * FROM task WHERE job = ANY(?::uuid[]) ORDER BY job, ordinal";

  private static final String ATTEMPTS =
      """
      SELECT attempt.* FROM attempt JOIN task ON task.id = attempt.task
      WHERE task.job = ANY(?::uuid[]) ORDER BY task, number
      """;

  private static final String PRODUCTS =
      """
      SELECT task, role, sha256, media_type, length
      FROM product
      JOIN artifact ON sha256 = artifact
      JOIN task ON task.id = product.task
      WHERE task.job = ANY(?::uuid[]) ORDER BY task, position
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
          return views(
              session, session.all(LIST, Head::read, tenant.value(), below, wanted, wanted, limit));
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
    return views(session, session.all(FIND, Head::read, tenant.value(), job.value())).stream()
        .findFirst();
  }

  private static List<JobView> views(Session session, List<Head> heads) throws SQLException {
    String[] jobs = heads.stream().map(head -> head.id().toString()).toArray(String[]::new);
    Map<TaskId, List<AttemptView>> attempts = new HashMap<>();
    session.all(ATTEMPTS, row -> byTask(attempts, row).add(attempt(row)), (Object) jobs);
    Map<TaskId, List<Product>> products = new HashMap<>();
    session.all(PRODUCTS, row -> byTask(products, row).add(product(row)), (Object) jobs);
    Map<JobId, List<TaskRow>> tasks = new HashMap<>();
    session.all(
        TASKS,
        row ->
            tasks
                .computeIfAbsent(
                    new JobId(row.getObject("job", UUID.class)), _ -> new ArrayList<>())
                .add(TaskRow.read(row, attempts, products)),
        (Object) jobs);
    return heads.stream().map(head -> head.with(tasks.getOrDefault(head.id(), List.of()))).toList();
  }

  private static <T> List<T> byTask(Map<TaskId, List<T>> all, ResultSet row) throws SQLException {
    return all.computeIfAbsent(new TaskId(row.getLong("task")), _ -> new ArrayList<>());
  }

  /** A row of {@code job}. */
  private record Head(
      JobId id,
      TenantId tenant,
      JobSpec spec,
      ArtifactId card,
      List<String> warnings,
      Instant created,
      @Nullable Instant started,
      @Nullable Instant ended,
      @Nullable String ending,
      @Nullable Fault fault,
      @Nullable String why,
      long lastSeq) {
    static Head read(ResultSet row) throws SQLException {
      return new Head(
          new JobId(row.getObject("id", UUID.class)),
          new TenantId(row.getString("tenant")),
          Json.read(row.getString("spec"), JobSpec.class),
          new ArtifactId(row.getString("card")),
          List.of(Json.read(row.getString("warnings"), String[].class)),
          row.getObject("created", OffsetDateTime.class).toInstant(),
          instant(row, "started"),
          instant(row, "ended"),
          row.getString("ending"),
          Jobs.fault(row),
          row.getString("why"),
          row.getLong("last_seq"));
    }

    JobView with(List<TaskRow> tasks) {
      Map<String, List<TaskRow>> levels = new LinkedHashMap<>();
      for (TaskRow task : tasks) {
        levels.computeIfAbsent(task.view().work().level(), _ -> new ArrayList<>()).add(task);
      }
      JobState state = JobState.QUEUED;
      if (ending != null) {
        state = Endings.value(JobState.class, ending);
      } else if (started != null) {
        state = JobState.RUNNING;
      }
      return new JobView(
          id,
          tenant,
          spec,
          card,
          state,
          progress(tasks),
          warnings,
          created,
          started,
          ended,
          fault,
          why,
          lastSeq,
          levels.entrySet().stream()
              .map(level -> level(level.getKey(), level.getValue()))
              .toList());
    }
  }

  /**
   * A row of {@code task}.
   *
   * @param reached how much of it is done, in steps: the furthest that any attempt came
   */
  private record TaskRow(
      TaskView view, long amount, int steps, int reached, List<Product> products) {
    static TaskRow read(
        ResultSet row, Map<TaskId, List<AttemptView>> attempts, Map<TaskId, List<Product>> products)
        throws SQLException {
      TaskId id = new TaskId(row.getLong("id"));
      return new TaskRow(
          new TaskView(
              id,
              row.getInt("ordinal"),
              Json.read(row.getString("work"), Work.class),
              Endings.value(TaskState.class, row.getString("state")),
              row.getInt("step"),
              attempts.getOrDefault(id, List.of())),
          row.getLong("amount"),
          row.getInt("steps"),
          row.getInt("reached"),
          products.getOrDefault(id, List.of()));
    }
  }

  private static LevelView level(String name, List<TaskRow> tasks) {
    List<TaskView> views = tasks.stream().map(TaskRow::view).toList();
    List<Product> products =
        tasks.stream()
            .filter(task -> task.view().work() instanceof Work.Assemble)
            .flatMap(task -> task.products().stream())
            .toList();
    return new LevelView(name, state(views), progress(tasks), products, views);
  }

  private static JobState state(List<TaskView> tasks) {
    List<TaskState> states = tasks.stream().map(TaskView::state).toList();
    if (states.contains(TaskState.FAILED)) {
      return JobState.FAILED;
    }
    if (states.contains(TaskState.CANCELLED)) {
      return JobState.CANCELLED;
    }
    if (states.stream().allMatch(state -> state == TaskState.SUCCEEDED)) {
      return JobState.SUCCEEDED;
    }
    boolean begun = tasks.stream().anyMatch(task -> !task.attempts().isEmpty());
    return begun ? JobState.RUNNING : JobState.QUEUED;
  }

  private static double progress(Collection<TaskRow> tasks) {
    double planned = tasks.stream().mapToDouble(TaskRow::amount).sum();
    double done =
        tasks.stream()
            .mapToDouble(task -> (double) task.amount() * task.reached() / task.steps())
            .sum();
    return planned == 0 ? 0 : done / planned;
  }

  private static Product product(ResultSet row) throws SQLException {
    return new Product(
        Endings.value(Product.Role.class, row.getString("role")),
        new Artifact(
            new ArtifactId(row.getString("sha256")),
            row.getString("media_type"),
            row.getLong("length")));
  }

  private static AttemptView attempt(ResultSet row) throws SQLException {
    String numericClass = row.getString("numeric_class");
    return new AttemptView(
        row.getInt("number"),
        new WorkerId(row.getString("worker")),
        row.getObject("started", OffsetDateTime.class).toInstant(),
        instant(row, "ended"),
        numericClass == null
            ? null
            : new Effort(
                numericClass,
                row.getInt("resumed_from"),
                row.getInt("steps"),
                row.getDouble("seconds"),
                row.getDouble("network_seconds")),
        row.getString("outcome"),
        fault(row),
        row.getString("why"));
  }

  private static @Nullable Fault fault(ResultSet row) throws SQLException {
    String fault = row.getString("fault");
    return fault == null ? null : Endings.value(Fault.class, fault);
  }

  private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
  }
}
