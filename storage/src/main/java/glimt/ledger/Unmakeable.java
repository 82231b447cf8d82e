package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.JobState;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fails jobs that wait for a bundle which no living worker has, or for more memory than any that
 * has it, once this has been the case for a while without interruption. If there are no workers at
 * all, jobs keep waiting, because workers will probably come back.
 */
public final class Unmakeable {
  private static final Logger LOG = LoggerFactory.getLogger(Unmakeable.class);

  /** Far longer than it takes to restart a worker or to replace a node. */
  public static final Duration PATIENCE = Duration.ofMinutes(2);

  /** The check reads all ready tasks, which is too expensive for every sweep. */
  private static final Duration OFTEN = Duration.ofSeconds(10);

  private static final int AT_ONCE = 100;

  private static final String MISSED =
      """
      WITH living AS MATERIALIZED (%s),
      wanted AS MATERIALIZED (
        SELECT card, max(memory) AS memory FROM task WHERE state = 'ready' GROUP BY card),
      room AS MATERIALIZED (
        SELECT card, wanted.memory AS wanted, max(living.memory) AS memory
        FROM wanted LEFT JOIN living ON card = ANY(living.cards) GROUP BY card, wanted.memory)
      SELECT digest, name, wanted, room.memory FROM room JOIN bundle ON digest = room.card
      WHERE EXISTS (SELECT FROM living) AND (room.memory IS NULL OR room.memory < wanted)
      """
          .formatted(Workers.LIVING);

  private static final String WAITING =
      """
      SELECT id FROM job
      WHERE ended IS NULL AND id IN (
        SELECT job FROM task WHERE state = 'ready' AND card = ? AND memory > ? LIMIT ?)
      ORDER BY id FOR UPDATE
      """;

  /**
   * A bundle whose tasks no living worker can do.
   *
   * @param wanted the memory of the largest, in bytes
   * @param room the most memory of a living worker that has the bundle, in bytes; -1 if none has it
   */
  private record Missed(ArtifactId card, String name, long wanted, long room) {
    String why(Duration patience) {
      return room < 0
          ? "no worker has had the model %s for %s seconds; restore its bundle, restart its node, and retry the job"
              .formatted(name, patience.toSeconds())
          : String.format(
              Locale.ROOT,
              "its networks need %,d MB, and for %s seconds the largest worker with the model %s"
                  + " has had room for %,d MB; add a larger worker, and retry the job",
              wanted >> 20,
              patience.toSeconds(),
              name,
              room >> 20);
    }
  }

  private final Database database;
  private final Duration patience;

  /** Since when each card has been missing, in {@link System#nanoTime}. */
  private final Map<ArtifactId, Long> since = new HashMap<>();

  private long looked = System.nanoTime() - OFTEN.toNanos();

  /** Fails jobs after {@link #PATIENCE}. */
  public Unmakeable(Database database) {
    this(database, PATIENCE);
  }

  /**
   * @param patience how long a job waits for a worker that has its bundle
   */
  public Unmakeable(Database database, Duration patience) {
    this.database = database;
    this.patience = patience;
  }

  /**
   * Fails overdue jobs. It is called at every sweep. Any number of processes may call it, but in
   * each process one thread at a time.
   */
  public void sweep() {
    long now = System.nanoTime();
    if (now - looked >= OFTEN.toNanos()) {
      looked = now;
      failOverdue(now);
    }
  }

  /**
   * Fails overdue jobs.
   *
   * @param now the time by {@link System#nanoTime}
   * @return the jobs that this call failed
   */
  Set<JobId> failOverdue(long now) {
    List<Missed> missed =
        database.read(
            "look for jobs without a worker that can do them",
            session ->
                session.all(
                    MISSED,
                    row ->
                        new Missed(
                            new ArtifactId(row.getString("digest")),
                            row.getString("name"),
                            row.getLong("wanted"),
                            row.getObject("memory") == null ? -1 : row.getLong("memory")),
                    Workers.PATIENCE_SECONDS));
    since.keySet().retainAll(missed.stream().map(Missed::card).toList());
    Set<JobId> failed = new HashSet<>();
    for (Missed one : missed) {
      if (now - since.computeIfAbsent(one.card(), _ -> now) >= patience.toNanos()) {
        failed.addAll(fail(one));
      }
    }
    return failed;
  }

  private List<JobId> fail(Missed missed) {
    String why = missed.why(patience);
    List<JobId> jobs =
        database.transact(
            "fail jobs for " + missed.name(),
            session -> {
              List<JobId> waiting =
                  session.all(
                      WAITING,
                      row -> new JobId(row.getObject("id", UUID.class)),
                      missed.card().sha256(),
                      missed.room(),
                      AT_ONCE);
              for (JobId job : waiting) {
                LockedJobs.alreadyLocked(session)
                    .cutShort(job, JobState.FAILED, Fault.INVALID, why);
              }
              return waiting;
            });
    LOG.warn("{} jobs failed: {}", jobs.size(), why);
    return jobs;
  }
}
