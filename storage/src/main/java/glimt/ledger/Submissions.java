package glimt.ledger;

import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.json.EnumWord;
import glimt.json.Json;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes any number of jobs with their plans in one statement. */
final class Submissions {
  /**
   * Skips jobs whose key was used before, in this statement or an earlier one, and returns no rows
   * for them. Writes nothing either if a tenant is not prepared; see {@link #prepare}. Edges refer
   * to tasks by their index in an array of ids, which stays fast for plans with thousands of tasks.
   */
  private static final NamedSql SUBMIT =
      NamedSql.of(
          """
          WITH asks AS MATERIALIZED (
            SELECT * FROM unnest(:ids::uuid[], :tenants, :cards, :specs, :warnings, :keys, :asked, :facts, :classes, :delays, :deadlines::timestamptz[], :budgets::double precision[], :origins::uuid[], :originLevels, :drafts::uuid[], :decisions, :plannedLevels, :plannedLasts::integer[], :plannedWhys, :submitters) WITH ORDINALITY
              AS asks (id, tenant, card, spec, warnings, key, asked, fact, class, delay, deadline, budget, origin, origin_level, drafts, decisions, planned_level, planned_last, planned_why, submitter, place)),
          unprepared AS MATERIALIZED (
            SELECT FROM tenant AS mine
            WHERE NOT :prepared AND id = ANY(:tenants) AND (jobs IS NOT NULL OR day_seconds IS NOT NULL OR AWAY)
            LIMIT 1),
          submitted AS (
            INSERT INTO job (id, tenant, card, spec, warnings, created, last_seq, key, asked, class,
                             deadline, budget, origin, origin_level, drafts, decisions,
                             planned_level, planned_last, planned_why, submitter)
            SELECT id, tenant, card, spec::jsonb, warnings::jsonb, clock_timestamp(), 1, key, asked,
                   class, deadline, budget, origin, origin_level, drafts, decisions::jsonb,
                   planned_level, planned_last, planned_why, submitter
            FROM asks WHERE NOT EXISTS (SELECT FROM unprepared) ORDER BY place
            ON CONFLICT (tenant, key) WHERE key IS NOT NULL DO NOTHING
            RETURNING id, number, created, card, tenant),
          told AS (
            INSERT INTO event (job, seq, at, fact)
            SELECT submitted.id, 1, created, fact::jsonb
            FROM submitted JOIN asks ON asks.id = submitted.id),
          plan AS MATERIALIZED (
            SELECT nextval(pg_get_serial_sequence('task', 'id')) AS id, plan.*
            FROM unnest(:taskJobs::uuid[], :ordinals, :works, :amounts, :steps, :waitsFor, :contents, :networks, :memories, :taken::bigint[])
              AS plan (job, ordinal, work, amount, steps, waits_for, content, network, memory, taken)),
          planned AS (
            INSERT INTO task
              (id, job, job_number, ordinal, card, work, amount, steps, waits_for, state, ready_at,
               content, network, memory, tenant, rank, taken, step, reached)
            OVERRIDING SYSTEM VALUE
            SELECT plan.id, job, number, ordinal, submitted.card, work::jsonb, amount, steps, waits_for,
                   CASE WHEN taken IS NOT NULL THEN 'succeeded'
                        WHEN waits_for = 0 THEN 'ready' ELSE 'blocked' END, created,
                   content, network, memory, submitted.tenant,
                   extract(epoch FROM created)::double precision + delay, taken,
                   CASE WHEN taken IS NULL THEN 0 ELSE steps END,
                   CASE WHEN taken IS NULL THEN 0 ELSE steps END
            FROM plan JOIN submitted ON submitted.id = plan.job JOIN asks ON asks.id = plan.job),
          had AS (
            INSERT INTO product (task, position, role, artifact)
            SELECT plan.id, product.position, role, artifact
            FROM plan JOIN submitted ON submitted.id = plan.job
            JOIN product ON product.task = plan.taken),
          joined AS (
            INSERT INTO task_edge (before, after, position, port)
            SELECT ids[edge.before], ids[edge.after], position, port
            FROM unnest(:edgeJobs::uuid[], :befores, :afters, :positions, :ports) AS edge (job, before, after, position, port)
            JOIN submitted ON submitted.id = edge.job
            CROSS JOIN (SELECT ARRAY(SELECT id FROM plan ORDER BY id) AS ids) AS every)
          SELECT job, created, plan.id AS task
          FROM plan JOIN submitted ON submitted.id = plan.job ORDER BY plan.id
          """
              .replace("AWAY", FairShares.AWAY));

  /** Makes keys free again that were used long ago. */
  private static final String FREE_KEYS =
      """
      UPDATE job SET key = NULL, asked = NULL
      FROM unnest(?::text[], ?::text[]) AS used (tenant, key)
      WHERE job.tenant = used.tenant AND job.key = used.key
        AND job.created < clock_timestamp() - make_interval(hours => ?)
      """;

  private Submissions() {}

  /**
   * Returns the jobs in the given order, with empty in place of those whose key was used before.
   */
  static List<Optional<JobView>> write(Session session, List<PlannedJob> submissions)
      throws SQLException {
    List<PlannedJob> keyed = submissions.stream().filter(one -> one.key() != null).toList();
    if (!keyed.isEmpty()) {
      session.update(
          FREE_KEYS,
          texts(keyed, one -> one.tenant().value()),
          texts(keyed, one -> one.key() == null ? null : one.key().value()),
          IdempotencyKey.HOURS);
    }
    List<Optional<JobView>> written = writeIfPrepared(session, submissions);
    return written.stream().anyMatch(Optional::isPresent)
        ? written
        : prepareAndWrite(session, submissions);
  }

  /**
   * Writes jobs by one statement, unless a tenant is not prepared: then it writes none, and returns
   * empty for each.
   */
  static List<Optional<JobView>> writeIfPrepared(Session session, List<PlannedJob> submissions)
      throws SQLException {
    return submit(session, submissions, false);
  }

  /** Writes jobs whose keys, if any, are free where they can be. */
  static List<Optional<JobView>> prepareAndWrite(Session session, List<PlannedJob> submissions)
      throws SQLException {
    prepare(session, submissions);
    return submit(session, submissions, true);
  }

  private static List<Optional<JobView>> submit(
      Session session, List<PlannedJob> submissions, boolean prepared) throws SQLException {
    Map<JobId, List<PlannedJob.WrittenTask>> rows = new HashMap<>();
    for (PlannedJob.WrittenTask row :
        session.all(statement(submissions, prepared), PlannedJob.WrittenTask::read)) {
      rows.computeIfAbsent(row.job(), _ -> new ArrayList<>()).add(row);
    }
    for (PlannedJob one : submissions) {
      if (one.webhook() != null && rows.containsKey(one.job())) {
        Webhooks.add(session, one.job(), one.tenant(), one.webhook());
      }
    }
    return submissions.stream()
        .map(one -> Optional.ofNullable(rows.get(one.job())).map(one::view))
        .toList();
  }

  private static NamedSql.Bound statement(List<PlannedJob> submissions, boolean prepared) {
    List<String> taskJobs = new ArrayList<>();
    List<Plan.PlannedTask> tasks = new ArrayList<>();
    List<@Nullable Long> taken = new ArrayList<>();
    List<Integer> waitsFor = new ArrayList<>();
    List<String> edgeJobs = new ArrayList<>();
    List<Integer> befores = new ArrayList<>();
    List<Integer> afters = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    List<String> ports = new ArrayList<>();
    for (PlannedJob one : submissions) {
      String job = one.job().toString();
      int first = tasks.size() + 1; // SQL counts from 1
      for (Plan.PlannedTask task : one.plan().tasks()) {
        taskJobs.add(job);
        tasks.add(task);
        taken.add(one.source(task));
        waitsFor.add(one.missing(task));
        for (int position = 0; position < task.inputs().size(); position++) {
          Plan.PlannedInput input = task.inputs().get(position);
          edgeJobs.add(job);
          befores.add(first + input.task());
          afters.add(first + task.ordinal());
          positions.add(position);
          ports.add(input.port());
        }
      }
    }
    return SUBMIT
        .bind("prepared", prepared)
        .bind("ids", texts(submissions, one -> one.job().toString()))
        .bind("tenants", texts(submissions, one -> one.tenant().value()))
        .bind("cards", texts(submissions, one -> one.asked().card().sha256()))
        .bind("specs", texts(submissions, one -> Json.write(one.asked().spec())))
        .bind("warnings", texts(submissions, one -> Json.write(one.plan().warnings())))
        .bind("keys", texts(submissions, one -> one.key() == null ? null : one.key().value()))
        .bind(
            "asked",
            texts(submissions, one -> one.key() == null ? null : one.key().asked().sha256()))
        .bind("facts", texts(submissions, one -> Events.fact(one.submitted())))
        .bind("decisions", texts(submissions, one -> Json.write(one.asked().decisions())))
        .bind("classes", texts(submissions, one -> EnumWord.of(one.asked().urgency())))
        .bind(
            "origins",
            texts(
                submissions,
                one -> one.asked().origin() == null ? null : one.asked().origin().toString()))
        .bind(
            "originLevels",
            texts(submissions, one -> one.taken() == null ? null : one.taken().level()))
        .bind(
            "drafts",
            texts(submissions, one -> one.drafts() == null ? null : one.drafts().toString()))
        .bind(
            "plannedLevels",
            texts(submissions, one -> one.end() == null ? null : one.end().level()))
        .bind(
            "plannedLasts",
            submissions.stream()
                .map(one -> one.end() == null ? null : (Integer) one.end().last())
                .toArray(Integer[]::new))
        .bind("plannedWhys", texts(submissions, one -> one.end() == null ? null : one.end().why()))
        .bind("submitters", texts(submissions, PlannedJob::submitter))
        .bind("taken", taken.toArray(Long[]::new))
        .bind(
            "delays",
            submissions.stream().map(one -> one.asked().urgency().delay()).toArray(Double[]::new))
        .bind("deadlines", texts(submissions, one -> iso(one.asked().limits().deadline())))
        .bind(
            "budgets",
            submissions.stream()
                .map(one -> one.asked().limits().budgetSeconds())
                .toArray(Double[]::new))
        .bind("taskJobs", taskJobs.toArray(String[]::new))
        .bind("ordinals", tasks.stream().mapToInt(Plan.PlannedTask::ordinal).toArray())
        .bind("works", texts(tasks, task -> Json.write(task.work())))
        .bind("amounts", tasks.stream().mapToLong(task -> task.work().amount()).toArray())
        .bind("steps", tasks.stream().mapToInt(task -> task.work().steps()).toArray())
        .bind("waitsFor", waitsFor.stream().mapToInt(Integer::intValue).toArray())
        .bind(
            "contents",
            texts(tasks, task -> task.content() == null ? null : task.content().sha256()))
        .bind("networks", texts(tasks, task -> task.need().network()))
        .bind("memories", tasks.stream().mapToLong(task -> task.need().memory()).toArray())
        .bind("edgeJobs", edgeJobs.toArray(String[]::new))
        .bind("befores", befores.toArray(Integer[]::new))
        .bind("afters", afters.toArray(Integer[]::new))
        .bind("positions", positions.toArray(Integer[]::new))
        .bind("ports", ports.toArray(String[]::new));
  }

  /**
   * Checks quotas, and lets tenants join the line. Most submissions need neither, and are one
   * statement.
   */
  private static void prepare(Session session, List<PlannedJob> submissions) throws SQLException {
    Set<String> tenants =
        submissions.stream()
            .map(one -> one.tenant().value())
            .collect(Collectors.toCollection(TreeSet::new));
    Map<String, Quotas.TenantQuota> quotas = Quotas.lock(session, tenants);
    if (!quotas.isEmpty()) {
      Quotas.check(
          session,
          quotas,
          withNewKeys(session, submissions).stream()
              .map(one -> new Quotas.AskedJob(one.tenant(), one.asked().card(), one.plan()))
              .toList());
    }
    FairShares.joinLine(session, tenants);
  }

  /** Returns the jobs whose key was not used before. */
  private static List<PlannedJob> withNewKeys(Session session, List<PlannedJob> submissions)
      throws SQLException {
    List<PlannedJob> fresh = new ArrayList<>();
    for (PlannedJob one : submissions) {
      IdempotencyKey key = one.key();
      if (key == null
          || session.first(Jobs.BY_KEY, row -> row, one.tenant().value(), key.value()).isEmpty()) {
        fresh.add(one);
      }
    }
    return fresh;
  }

  private static @Nullable String iso(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }

  private static <T> @Nullable String[] texts(List<T> all, Function<T, @Nullable String> text) {
    return all.stream().map(text).toArray(String[]::new);
  }
}
