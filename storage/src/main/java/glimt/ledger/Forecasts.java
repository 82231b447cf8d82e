package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Forecast;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.PlannedEnd;
import glimt.job.TenantId;
import glimt.ledger.LeftWork.LeftTask;
import glimt.ledger.LeftWork.Living;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells what jobs will take, and when they will end, from the times of steps that earlier attempts
 * took. The line is taken for a fluid: while a tenant's work is done, the others have as much as
 * their weights allow, and the workers that can do the job do nothing else.
 */
public final class Forecasts {
  private static final String LEFT_OF_JOB =
      """
      SELECT ordinal, work ->> 'level' AS level, work ->> 'type' AS work, amount / steps AS size,
             steps - step AS steps, task.memory
      FROM task JOIN job ON job.id = task.job
      WHERE job = ? AND state IN ('blocked', 'ready', 'running') AND (? OR IS_MADE)
      ORDER BY ordinal
      """
          .replace("IS_MADE", PlannedEnds.IS_MADE);

  private final Database database;
  private final RememberedLine line = new RememberedLine();

  public Forecasts(Database database) {
    this.database = database;
  }

  /** Forecasts a job that has not ended. */
  public Forecast of(JobView job) {
    return database.read(
        "forecast job " + job.id(),
        session -> {
          List<LeftTask> tasks = left(session, job.id(), false);
          double rank = job.created().toEpochMilli() / 1e3 + job.urgency().delay();
          Backlog.Ahead ahead = line.read(session).ahead(job.tenant(), rank, job.id());
          Forecast forecast = forecast(session, job.card(), job.spec().model(), tasks, ahead);
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
   * Returns what is left of a job, in the order of its plan.
   *
   * @param all also what is left out to end within its limits
   */
  static List<LeftTask> left(Session session, JobId job, boolean all) throws SQLException {
    return session.all(LEFT_OF_JOB, LeftTask::read, job.value(), all);
  }

  /**
   * Forecasts jobs of one model that are not submitted: when the last of them ends, and what they
   * take together.
   *
   * @param plans one a job
   */
  public Forecast of(
      TenantId tenant, JobClass urgency, ArtifactId card, String model, List<Plan> plans) {
    List<LeftTask> tasks = new ArrayList<>();
    int longest = plans.stream().mapToInt(plan -> plan.tasks().size()).max().orElse(0);
    // The same task of all jobs, and then the next: they can be done side by side.
    for (int at = 0; at < longest; at++) {
      for (Plan plan : plans) {
        if (at < plan.tasks().size()) {
          tasks.add(LeftTask.of(plan.tasks().get(at)));
        }
      }
    }
    return database.read(
        "forecast a job",
        session -> forecast(session, card, model, tasks, ahead(session, tenant, urgency)));
  }

  /** Plans how far a job that is not submitted is made, to end within its limits. */
  public Optional<PlannedEnd> planned(
      TenantId tenant, JobClass urgency, ArtifactId card, Plan plan, JobLimits limits) {
    if (limits.equals(JobLimits.NONE)) {
      return Optional.empty();
    }
    List<LeftTask> tasks =
        plan.tasks().stream().filter(task -> !task.taken()).map(LeftTask::of).toList();
    return database.read(
        "plan a job to its limits",
        session ->
            PlannedEnd.of(
                limits,
                null,
                LeftWork.of(session, card, tasks).levelEnds(ahead(session, tenant, urgency), 0)));
  }

  /** What goes before a job that is submitted now. */
  private Backlog.Ahead ahead(Session session, TenantId tenant, JobClass urgency)
      throws SQLException {
    double rank = Clock.systemUTC().millis() / 1e3 + urgency.delay();
    return line.read(session).ahead(tenant, rank, null);
  }

  private static Forecast forecast(
      Session session, ArtifactId card, String model, List<LeftTask> tasks, Backlog.Ahead ahead)
      throws SQLException {
    LeftWork left = LeftWork.of(session, card, tasks);
    return new Forecast(
        ahead.jobs(),
        left.deviceSeconds(),
        left.learned(),
        left.able().size(),
        left.able().isEmpty() ? null : left.ends(ahead),
        obstacle(left.living(), model, left.memory(), left.able()));
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
