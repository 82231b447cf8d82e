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
import glimt.job.WorkerId;
import glimt.job.WorkerTimes;
import glimt.json.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
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
   * Notes the workers too, so that a claim is one statement and one round trip. Most of its cost is
   * to set it up, so it hands out tasks to several workers at once that are like each other.
   *
   * <p>MATERIALIZED, or the planner may run the subquery more than once and claim more than its
   * limit.
   *
   * <p>Two kinds of task wait a lease's time for a better worker, and longer only while there is
   * none: a task that failed waits for another worker, and a task with a checkpoint for a worker of
   * its numeric class. If a worker of another class claims it after all, it starts afresh: no task
   * mixes two classes.
   *
   * <p>What the claiming workers have in common stands in scalar subqueries, so that PostgreSQL
   * reads the tasks in the order of their index and no further than needed.
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
   * <p>No task is handed out beside one that must be alone on its device. A claim of one task that
   * finds such a task first in line hands out none until the device is empty; a claim of several
   * passes it by.
   *
   * <p>Of several workers ({@code hands}), those on an empty device are first if such a task is
   * among those in line, and last are those that failed one of them. One that would be given what
   * it failed is given nothing this time, though a claim of its own may find it another task.
   */
  private static final NamedSql CLAIM =
      NamedSql.of(
          """
          WITH RECURSIVE asks (id, machine, device, life, idle, other, place) AS MATERIALIZED (
            SELECT * FROM unnest(:workers, :machines, :devices, :lives, :idles, :others) WITH ORDINALITY),
          kind (class, cards, patience, memory, warm) AS MATERIALIZED (
            VALUES (:numericClass, :cards::text[], make_interval(secs => :patience), :memory::bigint, :warm::text[])),
          sole AS MATERIALIZED (SELECT min(id) AS id FROM asks HAVING count(*) = 1),
          SEE,
          colleagues AS MATERIALIZED (
            SELECT worker.numeric_class, worker.cards, worker.warm
            FROM worker, kind
            WHERE worker.id <> ALL(:workers) AND drained IS NULL
              AND (seen > now() - patience
                OR EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running'))),
          able AS MATERIALIZED (
            SELECT id, machine, device, place FROM asks
            WHERE (SELECT drained FROM worker WHERE worker.id = asks.id) IS NULL
              AND NOT EXISTS (
                SELECT FROM task AS other JOIN worker ON worker.id = other.worker
                WHERE other.alone AND other.state = 'running'
                  AND worker.machine = asks.machine AND worker.device = asks.device
                OFFSET 0)),
          HEADS,
          LINE,
          PARTS,
          turns AS MATERIALIZED (
            SELECT line.id, CASE WHEN line.rank < 0 AND random() < AGED_SHARE AND (
              SELECT ready_at <= now() - make_interval(secs => AGED) AND card = ANY((SELECT cards FROM kind)::text[])
              FROM task
              WHERE state = 'ready' AND task.tenant = line.id AND task.rank >= 0 AND task.rank < 'Infinity'
              ORDER BY task.rank, job_number, ordinal LIMIT 1)
              THEN 0 ELSE '-Infinity'::double precision END AS least,
              CASE WHEN EXISTS (SELECT FROM sole) THEN :most
                ELSE greatest(1, (SELECT tasks FROM parts WHERE parts.id = line.id)) END AS most
            FROM line),
          next AS MATERIALIZED (
            SELECT mine.*, row_number() OVER () AS n FROM (
            SELECT mine.* FROM turns AS line CROSS JOIN LATERAL (
            SELECT id, alone, failed_on, ready_at <= now() - (SELECT patience FROM kind) AS rested
            FROM task
            WHERE state = 'ready' AND task.tenant = line.id AND task.rank >= line.least AND task.rank < 'Infinity'
              AND card = ANY((SELECT cards FROM kind)::text[])
              AND ready_at <= now()
              AND memory <= (SELECT memory FROM kind)
              AND (memory < HEAVY OR network = ANY((SELECT warm FROM kind)::text[])
                OR ready_at <= now() - make_interval(secs => WARM_PATIENCE)
                OR NOT EXISTS (SELECT FROM colleagues WHERE network = ANY(colleagues.warm)))
              AND ((failed_on = (SELECT id FROM sole)) IS NOT TRUE
                OR ready_at <= now() - (SELECT patience FROM kind)
                OR NOT EXISTS (SELECT FROM colleagues WHERE card = ANY(colleagues.cards)))
              AND (checkpoint_class IS NULL OR checkpoint_class = (SELECT class FROM kind)
                OR ready_at <= now() - (SELECT patience FROM kind)
                  AND NOT EXISTS (
                    SELECT FROM colleagues
                    WHERE numeric_class = checkpoint_class AND card = ANY(colleagues.cards)))
              AND (remade_in IS NULL OR remade_in = (SELECT class FROM kind))
            ORDER BY task.rank, job_number, ordinal
            LIMIT line.most
            FOR UPDATE SKIP LOCKED) AS mine
            LIMIT (SELECT :most * count(*) FROM able)) AS mine),
          hands AS MATERIALIZED (
            SELECT id, busy, row_number() OVER (ORDER BY busy, burnt, place) AS n
            FROM (
              SELECT able.id, place,
                EXISTS (SELECT FROM next WHERE failed_on = able.id) AS burnt,
                EXISTS (SELECT FROM next WHERE alone) AND EXISTS (
                  SELECT FROM worker
                  WHERE worker.machine = able.machine AND worker.device = able.device
                    AND EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running')
                  OFFSET 0) AS busy
              FROM able) AS able),
          pairs AS MATERIALIZED (
            SELECT next.id, hands.id AS worker
            FROM next JOIN hands ON hands.n = next.n OR EXISTS (SELECT FROM sole)
            WHERE CASE WHEN EXISTS (SELECT FROM sole)
              THEN NOT (alone AND (busy OR (SELECT count(*) FROM next) > 1))
              ELSE (failed_on IS DISTINCT FROM hands.id OR rested) AND NOT EXISTS (
                SELECT FROM next AS first JOIN hands AS its ON its.n = first.n
                WHERE first.alone AND its.busy AND first.n <= next.n) END),
          claimed AS (
            UPDATE task SET
              state = 'running', attempt = attempt + 1, worker = pairs.worker, stepped = now(),
              lease_until = now() + patience,
              step = CASE WHEN checkpoint_class = class THEN checkpoint_step
                          WHEN fallback_class = class THEN fallback_step
                          ELSE 0 END
            FROM pairs, kind WHERE task.id = pairs.id
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
            FROM kind, claimed JOIN costs USING (id)),
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
                SELECT made.id FROM task AS made
                WHERE made.content = claimed.content AND made.state = 'succeeded' AND (
                  SELECT numeric_class = (SELECT class FROM kind) FROM attempt
                  WHERE attempt.task = made.id AND outcome = 'succeeded')
                ORDER BY made.content, made.id LIMIT 1)) END AS known,
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
              .replace("PARTS", FairShares.PARTS)
              .replace("ESTIMATE", FairShares.ESTIMATE)
              .replace("PAY", FairShares.PAY)
              .replace("PACE", FairShares.PACE_OF_TASK)
              .replace("HEAVY", "" + Need.HEAVY)
              .replace("AGED_SHARE", "" + AGED_SHARE)
              .replace("AGED", "" + AGED_SECONDS)
              .replace("WARM_PATIENCE", "" + WARM_PATIENCE_SECONDS));

  private Claims() {}

  /** A task that was handed out, and to whom. */
  record HandedOut(WorkerId worker, Task task) {}

  /**
   * @param seekers workers that are like each other, one or more
   * @param most how many tasks at most for each; 1 if there are several
   */
  static List<HandedOut> claim(Session session, List<Seeker> seekers, int most, LeaseTerms terms)
      throws SQLException {
    WorkerCard kind = seekers.getFirst().worker();
    List<@Nullable WorkerTimes> times = new ArrayList<>();
    seekers.forEach(seeker -> times.add(seeker.times()));
    return session.all(
        CLAIM
            .bind("often", terms.sweepSeconds())
            .bind("workers", Columns.texts(seekers, seeker -> seeker.worker().id().value()))
            .bind("machines", Columns.texts(seekers, Seeker::machine))
            .bind("devices", Columns.texts(seekers, seeker -> seeker.worker().device()))
            .bind("lives", Columns.doubles(times, WorkerTimes::life))
            .bind("idles", Columns.doubles(times, WorkerTimes::idle))
            .bind("others", Columns.doubles(times, WorkerTimes::other))
            .bind("numericClass", kind.numericClass())
            .bind("cards", Workers.cards(kind))
            .bind("patience", terms.leaseSeconds())
            .bind("memory", kind.memory())
            .bind("warm", kind.warm().toArray(String[]::new))
            .bind("most", most)
            .bind("started", Events.fact(new JobEvent.JobStarted())),
        row ->
            new HandedOut(new WorkerId(row.getString("worker")), task(row, kind.numericClass())));
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
