package glimt.storage;

import static java.util.Objects.requireNonNull;

import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.storage.Submissions.Submission;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The jobs of every tenant: submitted, read and cancelled. Each is read by (tenant, id). */
public final class Jobs {
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
            "Idempotency-Key", "must be 1 to %s visible ASCII characters".formatted(KEY_LIMIT));
      }
    }
  }

  public static final int KEY_LIMIT = 255;

  /** Jobs that are written by one statement. */
  private static final int AT_ONCE = 64;

  private final Database database;
  private final Together<Submission, Optional<JobView>> submissions;

  public Jobs(Database database) {
    this.database = database;
    this.submissions = new Together<>(AT_ONCE, this::write, Jobs::isOfOne);
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
    Submission submission = new Submission(JobId.random(), tenant, spec, card, plan, key);
    Optional<JobView> submitted = submissions.ask(submission);
    return submitted.isPresent() ? submitted : earlier(tenant, requireNonNull(key));
  }

  private List<Optional<JobView>> write(List<Submission> asked) {
    String what = asked.size() == 1 ? "job " + asked.getFirst().job() : asked.size() + " jobs";
    return database.transact("submit " + what, session -> Submissions.write(session, asked));
  }

  /** Whether one of several jobs was refused, for what it holds. */
  private static boolean isOfOne(RuntimeException e) {
    return e instanceof StorageException refusal && refusal.isOfContent();
  }

  /** Nothing if the key was used to ask for something else. */
  private Optional<JobView> earlier(TenantId tenant, Key key) {
    return database.read(
        "find job by key",
        session -> {
          Earlier earlier =
              session.first(BY_KEY, Earlier::read, tenant.value(), key.value()).orElseThrow();
          return earlier.asked().equals(key.asked().sha256())
              ? view(session, tenant, earlier.job())
              : Optional.empty();
        });
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

  private static Optional<JobView> view(Session session, TenantId tenant, JobId job)
      throws SQLException {
    return JobViews.of(session, FIND, tenant.value(), job.value()).stream().findFirst();
  }
}
