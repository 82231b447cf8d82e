package glimt.ledger;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.FilterDecision;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.JobView.LevelView;
import glimt.job.JobView.TaskView;
import glimt.job.PlannedEnd;
import glimt.job.Product;
import glimt.job.TaskId;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.Timings;
import glimt.job.Work;
import glimt.job.WorkerId;
import glimt.json.EnumWord;
import glimt.json.Json;
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

/** Builds job views from the rows of jobs, tasks, attempts and products. */
final class JobViews {
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

  private JobViews() {}

  /**
   * Returns the views of the selected jobs.
   *
   * @param select a query for whole rows of {@code job}
   */
  static List<JobView> of(Session session, String select, @Nullable Object... arguments)
      throws SQLException {
    return of(session, session.all(select, Head::read, arguments));
  }

  /**
   * @param select chooses rows of {@code job}
   */
  static List<JobView> of(Session session, NamedSql.Bound select) throws SQLException {
    return of(session, session.all(select, Head::read));
  }

  private static List<JobView> of(Session session, List<Head> heads) throws SQLException {
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
      JobClass urgency,
      @Nullable Instant paused,
      JobLimits limits,
      @Nullable PlannedEnd plannedEnd,
      JobSpec spec,
      ArtifactId card,
      @Nullable JobId origin,
      @Nullable String originLevel,
      @Nullable JobId drafts,
      List<String> warnings,
      List<FilterDecision> decisions,
      Instant created,
      @Nullable Instant started,
      @Nullable Instant ended,
      @Nullable String ending,
      @Nullable Fault fault,
      @Nullable String why,
      @Nullable String endedAtLevel,
      long lastSeq) {
    static Head read(ResultSet row) throws SQLException {
      return new Head(
          new JobId(row.getObject("id", UUID.class)),
          new TenantId(row.getString("tenant")),
          EnumWord.read(JobClass.class, row.getString("class")),
          instant(row, "paused"),
          new JobLimits(instant(row, "deadline"), row.getObject("budget", Double.class)),
          JobViews.plannedEnd(row),
          Json.read(row.getString("spec"), JobSpec.class),
          new ArtifactId(row.getString("card")),
          job(row, "origin"),
          row.getString("origin_level"),
          job(row, "drafts"),
          List.of(Json.read(row.getString("warnings"), String[].class)),
          List.of(Json.read(row.getString("decisions"), FilterDecision[].class)),
          row.getObject("created", OffsetDateTime.class).toInstant(),
          instant(row, "started"),
          instant(row, "ended"),
          row.getString("ending"),
          JobViews.fault(row),
          row.getString("why"),
          row.getString("ended_at_level"),
          row.getLong("last_seq"));
    }

    private JobState state() {
      if (ending != null) {
        return EnumWord.read(JobState.class, ending);
      }
      return started == null ? JobState.QUEUED : JobState.RUNNING;
    }

    JobView with(List<TaskRow> tasks) {
      Map<String, List<TaskRow>> levels = new LinkedHashMap<>();
      for (TaskRow task : tasks) {
        levels.computeIfAbsent(task.view().work().level(), _ -> new ArrayList<>()).add(task);
      }
      JobState state = state();
      return new JobView(
          id,
          tenant,
          urgency,
          paused,
          limits,
          plannedEnd,
          spec,
          card,
          origin,
          originLevel,
          drafts,
          state,
          progress(tasks),
          warnings,
          decisions,
          created,
          started,
          ended,
          fault,
          why,
          endedAtLevel,
          lastSeq,
          levels.entrySet().stream()
              .map(level -> level(level.getKey(), level.getValue()))
              .map(level -> state == JobState.BLOCKED ? withheld(level) : level)
              .toList());
    }
  }

  /**
   * A row of {@code task}.
   *
   * @param reached the furthest step that any attempt reached, which counts as the task's progress
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
              // A task whose file is made again keeps its accepted result.
              row.getString("remade_in") == null
                  ? EnumWord.read(TaskState.class, row.getString("state"))
                  : TaskState.SUCCEEDED,
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

  /** What the filter stopped is given to nobody, nor is what led there. */
  private static LevelView withheld(LevelView level) {
    return new LevelView(level.name(), level.state(), level.progress(), List.of(), level.tasks());
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
        EnumWord.read(Product.Role.class, row.getString("role")),
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
                row.getDouble("network_seconds"),
                timings(row)),
        row.getString("outcome"),
        fault(row),
        row.getString("why"));
  }

  private static @Nullable Timings timings(ResultSet row) throws SQLException {
    return row.getObject("waiting") == null
        ? null
        : new Timings(
            row.getDouble("load"),
            row.getDouble("encode"),
            row.getDouble("denoise"),
            row.getDouble("decode"),
            row.getDouble("write"),
            row.getDouble("checkpoint"),
            row.getDouble("waiting"));
  }

  private static @Nullable Fault fault(ResultSet row) throws SQLException {
    String fault = row.getString("fault");
    return fault == null ? null : EnumWord.read(Fault.class, fault);
  }

  private static @Nullable PlannedEnd plannedEnd(ResultSet row) throws SQLException {
    String level = row.getString("planned_level");
    return level == null
        ? null
        : new PlannedEnd(level, row.getInt("planned_last"), row.getString("planned_why"));
  }

  private static @Nullable JobId job(ResultSet row, String column) throws SQLException {
    return Optional.ofNullable(row.getObject(column, UUID.class)).map(JobId::new).orElse(null);
  }

  private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
  }
}
