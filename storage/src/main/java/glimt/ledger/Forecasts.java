package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Forecast;
import glimt.job.JobClass;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.json.Json;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells what jobs will take, and when they will end, from the times of steps that earlier attempts
 * took. The line is taken for a fluid: while a tenant's work is done, the others have as much as
 * their weights allow, and the workers that can do the job do nothing else.
 */
public final class Forecasts {
  /** How long the state of the line may be remembered: reading it reads every open task. */
  private static final long FRESH_NANOS = 1_000_000_000L;

  private static final String LEFT_OF_JOB =
      """
      SELECT work ->> 'level' AS level, work ->> 'type' AS work, amount / steps AS size,
             steps - step AS steps, memory
      FROM task WHERE job = ? AND state IN ('blocked', 'ready', 'running') ORDER BY ordinal
      """;

  private static final String ABLE =
      """
      SELECT numeric_class, memory, ? = ANY(cards) AS has FROM worker
      WHERE drained IS NULL
        AND (seen > clock_timestamp() - make_interval(secs => ?)
          OR EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running'))
      """;

  private final Database database;
  private volatile @Nullable Backlog backlog;

  public Forecasts(Database database) {
    this.database = database;
  }

  /** What is left of a task. */
  private record ForecastPart(String level, String work, long size, int steps, long memory) {}

  /** A living worker. */
  private record Living(String numericClass, long memory, boolean has) {}

  /** Forecasts a job that has not ended. */
  public Forecast of(JobView job) {
    Backlog line = line();
    return database.read(
        "forecast job " + job.id(),
        session -> {
          List<ForecastPart> parts =
              session.all(
                  LEFT_OF_JOB,
                  row ->
                      new ForecastPart(
                          row.getString("level"),
                          row.getString("work"),
                          row.getLong("size"),
                          row.getInt("steps"),
                          row.getLong("memory")),
                  job.id().value());
          double rank = job.created().toEpochMilli() / 1e3 + job.urgency().delay();
          Backlog.Ahead ahead = line.ahead(job.tenant(), rank, job.id());
          Forecast forecast = forecast(session, job.card(), job.spec().model(), parts, ahead);
          return job.paused() == null
              ? forecast
              : new Forecast(
                  forecast.position(),
                  forecast.deviceSeconds(),
                  forecast.learned(),
                  forecast.workers(),
                  null,
                  forecast.obstacle());
        });
  }

  /**
   * Forecasts jobs of one model that are not submitted: when the last of them ends, and what they
   * take together.
   *
   * @param plans one a job
   */
  public Forecast of(
      TenantId tenant, JobClass urgency, ArtifactId card, String model, List<Plan> plans) {
    Backlog line = line();
    List<ForecastPart> parts = new ArrayList<>();
    int longest = plans.stream().mapToInt(plan -> plan.tasks().size()).max().orElse(0);
    // The same task of all jobs, and then the next: they can be done side by side.
    for (int at = 0; at < longest; at++) {
      for (Plan plan : plans) {
        if (at < plan.tasks().size()) {
          parts.add(part(plan.tasks().get(at)));
        }
      }
    }
    double rank = Clock.systemUTC().millis() / 1e3 + urgency.delay();
    return database.read(
        "forecast a job",
        session -> forecast(session, card, model, parts, line.ahead(tenant, rank, null)));
  }

  private static ForecastPart part(Plan.PlannedTask task) {
    return new ForecastPart(
        task.work().level(),
        Json.mapper().valueToTree(task.work()).path("type").asText(),
        task.work().amount() / task.work().steps(),
        task.work().steps(),
        task.need().memory());
  }

  private Backlog line() {
    Backlog last = backlog;
    if (last == null || System.nanoTime() - last.asOf() > FRESH_NANOS) {
      last = database.read("look at the line", Backlog::read);
      backlog = last;
    }
    return last;
  }

  private static Forecast forecast(
      Session session, ArtifactId card, String model, List<ForecastPart> parts, Backlog.Ahead ahead)
      throws SQLException {
    List<Living> living =
        session.all(
            ABLE,
            row ->
                new Living(
                    row.getString("numeric_class"), row.getLong("memory"), row.getBoolean("has")),
            card.sha256(),
            Workers.PATIENCE_SECONDS);
    long memory = parts.stream().mapToLong(ForecastPart::memory).max().orElse(0);
    List<Living> able = living.stream().filter(one -> one.has() && one.memory() >= memory).toList();
    Set<String> classes = able.stream().map(Living::numericClass).collect(Collectors.toSet());
    StepTimes times = StepTimes.of(session, card);
    double left = 0;
    double alone = 0;
    boolean learned = true;
    int workers = Math.max(1, able.size());
    for (int at = 0; at < parts.size(); ) {
      // The tasks of a level that do the same work run side by side, those that follow wait.
      ForecastPart first = parts.get(at);
      double seconds = 0;
      double longest = 0;
      for (; at < parts.size() && alike(first, parts.get(at)); at++) {
        ForecastPart part = parts.get(at);
        var step = times.seconds(part.level(), part.work(), part.size(), classes);
        learned &= step.isPresent();
        double one = step.orElse(1.0 / Math.max(1, part.steps())) * part.steps();
        seconds += one;
        longest = Math.max(longest, one);
      }
      left += seconds;
      alone += Math.max(longest, seconds / workers);
    }
    double wait = ahead.seconds(left) / workers;
    Instant ends =
        able.isEmpty()
            ? null
            : Instant.now(Clock.systemUTC()).plusMillis((long) (1000 * (wait + alone)));
    return new Forecast(
        ahead.jobs(), left, learned, able.size(), ends, obstacle(living, model, memory, able));
  }

  private static boolean alike(ForecastPart one, ForecastPart other) {
    return one.level().equals(other.level()) && one.work().equals(other.work());
  }

  private static @Nullable String obstacle(
      List<Living> living, String model, long memory, List<Living> able) {
    if (!able.isEmpty()) {
      return null;
    }
    if (living.isEmpty()) {
      return "no worker is running; the job waits for one";
    }
    long largest = living.stream().filter(Living::has).mapToLong(Living::memory).max().orElse(-1);
    return largest < 0
        ? "no worker has the model %s; install its bundle on a worker's node".formatted(model)
        : String.format(
            Locale.ROOT,
            "its networks need %,d MB, and the largest worker with the model %s has room for %,d"
                + " MB; add a larger worker",
            memory >> 20,
            model,
            largest >> 20);
  }
}
