package glimt.ledger;

import glimt.job.Artifact;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.PlannedEnd;
import glimt.job.Product;
import glimt.job.Work;
import glimt.json.EnumWord;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What follows from the success of attempts: results, ready successors, finished jobs. */
final class Successes {
  private static final String SUCCEED =
      """
      UPDATE task SET
        state = 'succeeded', step = steps, reached = steps, lease_until = NULL,
        failures = 0, losses = 0, remade_in = NULL,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
        fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
      FROM unnest(?, ?) AS lease (task, attempt)
      WHERE task.id = lease.task AND task.attempt = lease.attempt AND state = 'running'
      """;

  /** Artifacts are sorted: two transactions that insert the same ones wait for each other. */
  private static final NamedSql KEEP =
      NamedSql.of(
          """
          WITH kept AS (
            INSERT INTO artifact (sha256, media_type, length, made)
            SELECT DISTINCT ON (sha256) sha256, media_type, length, clock_timestamp()
            FROM unnest(:digests, :mediaTypes, :lengths) AS made (sha256, media_type, length)
            ORDER BY sha256
            ON CONFLICT (sha256) DO NOTHING)
          INSERT INTO product (task, position, role, artifact)
          SELECT * FROM unnest(:tasks, :positions, :roles, :digests)
          """);

  /** The caller has locked the job. */
  private static final NamedSql WARN =
      NamedSql.of(
          """
          UPDATE job SET warnings = warnings || to_jsonb(:warning::text)
          WHERE id = :job AND NOT warnings @> to_jsonb(:warning::text)
          """);

  private Successes() {}

  /**
   * Writes the results of attempts, and what they warn of. A task that is remade keeps the result
   * that it has. A job of which no further level is likely to be ready within its limits ends.
   *
   * @return the jobs in which a task became ready
   */
  static List<JobId> succeed(
      Session session,
      LockedJobs jobs,
      RememberedLine line,
      Map<RunningAttempt, Outcome.Succeeded> successes)
      throws SQLException {
    if (successes.isEmpty()) {
      return List.of();
    }
    List<Lease> leases = successes.keySet().stream().map(RunningAttempt::lease).toList();
    session.update(SUCCEED, Leases.tasks(leases), Leases.attempts(leases));
    Map<RunningAttempt, Outcome.Succeeded> results = new LinkedHashMap<>(successes);
    results.keySet().removeIf(RunningAttempt::remakes);
    keep(session, results);
    Workers.recordSuccesses(session, results.keySet());
    List<JobId> freed = Successors.free(session, leases);
    List<Events.JobFact> facts = warn(session, results);
    for (Map.Entry<RunningAttempt, Outcome.Succeeded> result : results.entrySet()) {
      Decisions.record(session, result.getKey().job(), result.getValue().decisions());
    }
    results.forEach(
        (attempt, result) -> {
          if (attempt.work() instanceof Work.Assemble(String level, _, _)) {
            facts.add(
                new Events.JobFact(
                    attempt.job(), new JobEvent.LevelFinished(level, result.products())));
          }
        });
    jobs.endDone(successes.keySet().stream().map(RunningAttempt::job).toList(), facts);
    for (RunningAttempt attempt : results.keySet()) {
      if (attempt.work() instanceof Work.Assemble(String level, _, _)
          && jobs.isLimited(attempt.job())) {
        Optional<PlannedEnd> end = PlannedEnds.renew(session, line, attempt.job());
        if (end.isPresent() && end.get().level().equals(level)) {
          jobs.endAt(attempt.job(), level, end.get().why());
        }
      }
    }
    return freed;
  }

  /** Adds warnings that their jobs do not have yet, and returns the facts that tell of them. */
  private static List<Events.JobFact> warn(
      Session session, Map<RunningAttempt, Outcome.Succeeded> results) throws SQLException {
    List<Events.JobFact> facts = new ArrayList<>();
    for (Map.Entry<RunningAttempt, Outcome.Succeeded> result : results.entrySet()) {
      JobId job = result.getKey().job();
      List<String> fresh = new ArrayList<>();
      for (String warning : result.getValue().warnings()) {
        if (session.update(WARN.bind("warning", warning).bind("job", job.value())) == 1) {
          fresh.add(warning);
        }
      }
      if (!fresh.isEmpty()) {
        facts.add(new Events.JobFact(job, new JobEvent.Warned(fresh)));
      }
    }
    return facts;
  }

  private static void keep(Session session, Map<RunningAttempt, Outcome.Succeeded> results)
      throws SQLException {
    List<Long> tasks = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    List<Product> products = new ArrayList<>();
    results.forEach(
        (attempt, result) -> {
          for (int i = 0; i < result.products().size(); i++) {
            tasks.add(attempt.lease().task().value());
            positions.add(i);
            products.add(result.products().get(i));
          }
        });
    if (products.isEmpty()) {
      return;
    }
    List<Artifact> artifacts = products.stream().map(Product::artifact).toList();
    session.update(
        KEEP.bind("digests", Columns.texts(artifacts, artifact -> artifact.id().sha256()))
            .bind("mediaTypes", Columns.texts(artifacts, Artifact::mediaType))
            .bind("lengths", artifacts.stream().mapToLong(Artifact::length).toArray())
            .bind("tasks", tasks.toArray(Long[]::new))
            .bind("positions", positions.toArray(Integer[]::new))
            .bind("roles", Columns.texts(products, product -> EnumWord.of(product.role()))));
  }
}
