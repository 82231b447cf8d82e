package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Lease;
import glimt.job.Need;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.Work;
import glimt.job.WorkerCard;
import glimt.job.WorkerTimes;
import glimt.json.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How workers claim ready tasks: which worker gets which task, and in what order. */
final class Claims {
  /** How long a task with a heavy network waits for a worker that has it on its device. */
  private static final double WARM_PATIENCE_SECONDS = 2;

  /** After how long a task may go before urgent ones of its tenant. */
  private static final double AGED_SECONDS = 60;

  /** The share of a tenant's claims that go to its tasks that aged, while urgent ones wait. */
  private static final double AGED_SHARE = 0.1;

  /**
   * Notes the worker too, so that a claim is one statement and one round trip.
   *
   * <p>MATERIALIZED, or the planner may run the subquery more than once and claim more than its
   * limit.
   *
   * <p>Two kinds of task wait a lease's time for a better worker, and longer only while there is
   * none: a task that failed waits for another worker, and a task with a checkpoint for a worker of
   * its numeric class. If a worker of another class claims it after all, it starts afresh: no task
   * mixes two classes.
   *
   * <p>The values of the claiming worker stand in scalar subqueries, so that PostgreSQL reads the
   * tasks in the order of their index and no further than needed.
   *
   * <p>The first claim of a job starts it. Claims are not ordered by job, since SKIP LOCKED never
   * waits, so two claims that start the same jobs at the same instant may deadlock there, and one
   * of them is tried again.
   *
   * <p>A task whose network takes long to load is left for a short while to a worker that has the
   * network on its device, if there is one.
   *
   * <p>Another task of the same content may have made the same result in the same numeric class
   * already; the claim then carries that result.
   *
   * <p>{@link FairShares} puts the tenants in line; within a tenant the rank of a task counts. Of
   * its claims a small share, drawn by lot, goes to the first task that is not urgent, if that one
   * has waited long, so that no stream of urgent work holds it up for ever. The tenant's clock is
   * charged here.
   *
   * <p>No task is handed out beside one that must be alone on its device. When such a task is the
   * first in line, no task is handed out until its device is empty.
   */
  private static final NamedSql CLAIM =
      NamedSql.of(
          """
          WITH RECURSIVE asks (id, machine, device, class, cards, patience, memory, warm) AS MATERIALIZED (
            VALUES (:worker, :machine, :device, :numericClass, :cards::text[], make_interval(secs => :patience), :memory::bigint, :warm::text[])),
          SEE,
          colleagues AS MATERIALIZED (
            SELECT worker.numeric_class, worker.cards, worker.warm
            FROM worker, asks
            WHERE worker.id <> asks.id AND drained IS NULL
              AND (seen > now() - patience
                OR EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running'))),
          beside AS MATERIALIZED (
            SELECT worker.id
            FROM worker JOIN asks USING (machine, device)
            WHERE EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running')),
          HEADS,
          LINE,
          turns AS MATERIALIZED (
            SELECT line.id, CASE WHEN line.rank < 0 AND random() < AGED_SHARE AND (
              SELECT ready_at <= now() - make_interval(secs => AGED) AND card = ANY((SELECT cards FROM asks)::text[])
              FROM task
              WHERE state = 'ready' AND task.tenant = line.id AND task.rank >= 0 AND task.rank < 'Infinity'
              ORDER BY task.rank, job_number, ordinal LIMIT 1)
              THEN 0 ELSE '-Infinity'::double precision END AS least
            FROM line),
          next AS MATERIALIZED (
            SELECT mine.id, mine.alone FROM turns AS line CROSS JOIN LATERAL (
            SELECT id, alone FROM task
            WHERE state = 'ready' AND task.tenant = line.id AND task.rank >= line.least AND task.rank < 'Infinity'
              AND card = ANY((SELECT cards FROM asks)::text[])
              AND ready_at <= now()
              AND memory <= (SELECT memory FROM asks)
              AND (memory < HEAVY OR network = ANY((SELECT warm FROM asks)::text[])
                OR ready_at <= now() - make_interval(secs => WARM_PATIENCE)
                OR NOT EXISTS (SELECT FROM colleagues WHERE network = ANY(colleagues.warm)))
              AND (failed_on IS DISTINCT FROM (SELECT id FROM asks)
                OR ready_at <= now() - (SELECT patience FROM asks)
                OR NOT EXISTS (SELECT FROM colleagues WHERE card = ANY(colleagues.cards)))
              AND (checkpoint_class IS NULL OR checkpoint_class = (SELECT class FROM asks)
                OR ready_at <= now() - (SELECT patience FROM asks)
                  AND NOT EXISTS (
                    SELECT FROM colleagues
                    WHERE numeric_class = checkpoint_class AND card = ANY(colleagues.cards)))
              AND (remade_in IS NULL OR remade_in = (SELECT class FROM asks))
              AND NOT EXISTS (SELECT FROM worker JOIN asks USING (id) WHERE drained IS NOT NULL)
              AND NOT EXISTS (
                SELECT FROM task AS other
                JOIN worker ON worker.id = other.worker
                JOIN asks USING (machine, device)
                WHERE other.alone AND other.state = 'running')
            ORDER BY task.rank, job_number, ordinal
            LIMIT :most
            FOR UPDATE SKIP LOCKED) AS mine
            LIMIT :most),
          claimed AS (
            UPDATE task SET
              state = 'running', attempt = attempt + 1, worker = asks.id, stepped = now(),
              lease_until = now() + patience,
              step = CASE WHEN checkpoint_class = class THEN checkpoint_step
                          WHEN fallback_class = class THEN fallback_step
                          ELSE 0 END
            FROM next, asks
            WHERE task.id = next.id AND NOT (next.alone AND (
              (SELECT count(*) FROM next) > 1 OR EXISTS (SELECT FROM beside)))
            RETURNING task.*),
          costs AS MATERIALIZED (
            SELECT task.id, task.tenant, ESTIMATE AS seconds
            FROM claimed AS task LEFT JOIN PACE),
          owed AS MATERIALIZED (
            SELECT tenant, sum(seconds) AS seconds FROM costs GROUP BY tenant),
          PAY,
          begun AS (
            INSERT INTO attempt
              (task, number, worker, started, numeric_class, resumed_from, steps, seconds,
               network_seconds, charged)
            SELECT claimed.id, attempt, worker, clock_timestamp(), class, step, 0, 0, 0,
                   costs.seconds
            FROM asks, claimed JOIN costs USING (id)),
          first AS MATERIALIZED (
            SELECT id FROM job
            WHERE id IN (SELECT job FROM claimed) AND started IS NULL
            ORDER BY id FOR UPDATE),
          started AS (
            UPDATE job SET started = clock_timestamp(), last_seq = last_seq + 1
            FROM first WHERE job.id = first.id
            RETURNING job.id, last_seq, started),
          told AS (
            INSERT INTO event (job, seq, at, fact)
            SELECT id, last_seq, started, :started::jsonb FROM started)
          SELECT claimed.*, job.spec,
            CASE WHEN content IS NOT NULL THEN (
              SELECT json_agg(json_build_object(
                'role', role, 'artifact', json_build_object(
                  'id', sha256, 'mediaType', media_type, 'length', length)) ORDER BY position)
              FROM product JOIN artifact ON sha256 = artifact
              WHERE product.task = (
                SELECT made.id FROM task AS made JOIN attempt ON attempt.task = made.id
                WHERE made.content = claimed.content AND made.state = 'succeeded'
                  AND attempt.outcome = 'succeeded'
                  AND attempt.numeric_class = (SELECT class FROM asks)
                ORDER BY made.id LIMIT 1)) END AS known,
            ARRAY(
            SELECT task_edge.port || ' ' || made.artifact
            FROM task_edge CROSS JOIN LATERAL (
              SELECT artifact, position FROM product
              WHERE product.task = task_edge.before AND role = 'sample'
              OFFSET 0) AS made
            WHERE task_edge.after = claimed.id
            ORDER BY task_edge.position, made.position) AS inputs
          FROM claimed JOIN job ON job.id = claimed.job
          ORDER BY claimed.rank, job_number, ordinal
          """
              .replace("SEE,", Workers.SEE + ",")
              .replace("HEADS", FairShares.HEADS)
              .replace("LINE", FairShares.LINE)
              .replace("ESTIMATE", FairShares.ESTIMATE)
              .replace("PAY", FairShares.PAY)
              .replace("PACE", FairShares.PACE_OF_TASK)
              .replace("HEAVY", "" + Need.HEAVY)
              .replace("AGED_SHARE", "" + AGED_SHARE)
              .replace("AGED", "" + AGED_SECONDS)
              .replace("WARM_PATIENCE", "" + WARM_PATIENCE_SECONDS));

  private Claims() {}

  /**
   * @param times how the worker spent its life; null if it did not say
   */
  static List<Task> claim(
      Session session,
      WorkerCard worker,
      String machine,
      @Nullable WorkerTimes times,
      int most,
      LeaseTerms terms)
      throws SQLException {
    return session.all(
        CLAIM
            .bind("often", terms.sweepSeconds())
            .bind("life", times == null ? null : times.life())
            .bind("idle", times == null ? null : times.idle())
            .bind("other", times == null ? null : times.other())
            .bind("worker", worker.id().value())
            .bind("machine", machine)
            .bind("device", worker.device())
            .bind("numericClass", worker.numericClass())
            .bind("cards", Workers.cards(worker))
            .bind("patience", terms.leaseSeconds())
            .bind("memory", worker.memory())
            .bind("warm", worker.warm().toArray(String[]::new))
            .bind("most", most)
            .bind("started", Events.fact(new JobEvent.JobStarted())),
        row -> task(row, worker.numericClass()));
  }

  private static Task task(ResultSet row, String numericClass) throws SQLException {
    return new Task(
        new Lease(new TaskId(row.getLong("id")), row.getInt("attempt")),
        new JobId(row.getObject("job", UUID.class)),
        Json.read(row.getString("spec"), JobSpec.class),
        new ArtifactId(row.getString("card")),
        row.getInt("ordinal"),
        Json.read(row.getString("work"), Work.class),
        Arrays.stream((String[]) row.getArray("inputs").getArray()).map(Claims::input).toList(),
        known(row),
        Stream.of(checkpoint(row, "checkpoint"), checkpoint(row, "fallback"))
            .flatMap(Stream::ofNullable)
            .filter(checkpoint -> checkpoint.numericClass().equals(numericClass))
            .toList());
  }

  /** Reads a port and an artifact; the name of an artifact has no space. */
  private static Task.Input input(String edge) {
    int space = edge.lastIndexOf(' ');
    return new Task.Input(edge.substring(0, space), new ArtifactId(edge.substring(space + 1)));
  }

  private static List<Product> known(ResultSet row) throws SQLException {
    String products = row.getString("known");
    return products == null ? List.of() : List.of(Json.read(products, Product[].class));
  }

  private static @Nullable Checkpoint checkpoint(ResultSet row, String which) throws SQLException {
    String state = row.getString(which + "_state");
    return state == null
        ? null
        : new Checkpoint(
            new ArtifactId(state), row.getInt(which + "_step"), row.getString(which + "_class"));
  }
}
