package glimt.ledger;

import static java.util.Objects.requireNonNull;

import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobView;
import glimt.job.PlannedEnd;
import glimt.job.TenantId;
import glimt.storage.StorageException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Submits, reads, lists, changes, cancels and deletes jobs. Each job is addressed by (tenant, id).
 */
public final class Jobs {
  static final String BY_KEY = "SELECT id, asked FROM job WHERE tenant = ? AND key = ?";

  private static final String FIND =
      "SELECT * FROM job WHERE tenant = ? AND id = ? AND deleted IS NULL";

  private static final String MARKED =
      """
      SELECT * FROM job
      WHERE spec ->> 'watermark' = ? AND tenant = ? AND deleted IS NULL
      ORDER BY number DESC LIMIT 1
      """;

  private static final String MADE =
      """
      SELECT * FROM job
      WHERE tenant = ? AND deleted IS NULL AND id IN (
        SELECT job FROM product JOIN task ON task.id = product.task WHERE artifact = ?)
      ORDER BY number DESC LIMIT 1
      """;

  private static final String AHEAD =
      """
      SELECT count(*) AS ahead
      FROM job JOIN job AS it ON it.tenant = job.tenant AND job.number < it.number
      WHERE it.tenant = ? AND it.id = ? AND job.ending IS NULL AND job.started IS NULL
      """;

  private static final String DRAFTS =
      "SELECT * FROM job WHERE drafts = ? AND tenant = ? AND deleted IS NULL ORDER BY number";

  /** Keeps a job from being deleted while its level is taken over. */
  private static final String KEEP =
      "SELECT id FROM job WHERE tenant = ? AND id = ? AND deleted IS NULL FOR SHARE";

  /** The largest number of jobs that one statement writes. */
  private static final int AT_ONCE = 64;

  private final Database database;
  private final Forecasts forecasts;
  private final RememberedLine line = new RememberedLine();
  private final GroupCommit<PlannedJob, Optional<JobView>> submissions;

  public Jobs(Database database) {
    this.database = database;
    this.forecasts = new Forecasts(database);
    this.submissions = new GroupCommit<>(AT_ONCE, this::write, Jobs::isOfOne);
  }

  /**
   * Stores a job and its plan, or finds the job of an earlier call with the same key. The job is
   * durable when this returns.
   *
   * @return empty if the key was used for a different request
   * @throws QuotaExceeded if the tenant has as much as it may have
   * @throws StorageException if the job cannot be stored
   */
  public Optional<JobView> submit(NewJob asked) {
    Optional<JobView> submitted = submissions.ask(new PlannedJob(asked, end(asked)));
    return submitted.isPresent() ? submitted : earlier(asked);
  }

  /**
   * Stores a job that begins with a finished level of another of the tenant, as above. The other
   * may be deleted from then on: the level is the new job's too.
   *
   * @param asked with a plan that takes the level over, and the origin that the level is said to be
   *     of
   * @return empty if the key was used for a different request
   * @throws NoSuchElementException if the job that has the level was deleted
   */
  public Optional<JobView> refine(NewJob asked, TakenLevel taken) {
    PlannedJob one = new PlannedJob(JobId.random(), asked, taken, null, end(asked), Acting.actor());
    boolean written =
        database.transact(
            "submit job " + one.job() + " from " + taken.job(),
            session -> {
              if (session
                  .first(KEEP, row -> row, asked.tenant().value(), taken.job().value())
                  .isEmpty()) {
                throw new NoSuchElementException(taken.job() + " was deleted");
              }
              return Submissions.write(session, List.of(one)).getFirst().isPresent();
            });
    return written ? find(asked.tenant(), one.job()) : earlier(asked);
  }

  /**
   * Stores jobs that were asked for together, all or none of them.
   *
   * @param asked the jobs, at least one. The key of the first is that of all.
   * @return the jobs, or those of an earlier call with the same key; empty if the key was used for
   *     a different request
   */
  public List<JobView> submitDrafts(List<NewJob> asked) {
    JobId first = JobId.random();
    // A draft has one level, so nothing of it can be left out.
    PlannedJob one = new PlannedJob(first, asked.getFirst(), null, first, null, Acting.actor());
    List<PlannedJob> others =
        asked.stream()
            .skip(1)
            .map(
                draft ->
                    new PlannedJob(
                        JobId.random(), draft.key(null), null, first, null, one.submitter()))
            .toList();
    List<JobView> written =
        database.transact(
            "submit %s drafts".formatted(asked.size()),
            session -> {
              // The first has the key, so that a used one writes nothing else.
              List<Optional<JobView>> views =
                  new ArrayList<>(Submissions.write(session, List.of(one)));
              if (views.getFirst().isPresent() && !others.isEmpty()) {
                views.addAll(Submissions.write(session, others));
              }
              return views.stream().flatMap(Optional::stream).toList();
            });
    return written.isEmpty()
        ? earlier(asked.getFirst())
            .map(job -> drafts(one.tenant(), requireNonNull(job.drafts())))
            .orElse(List.of())
        : written;
  }

  /** Plans how far a job is made, to end within its limits; null for as far as it asks for. */
  private @Nullable PlannedEnd end(NewJob asked) {
    return forecasts
        .planned(asked.tenant(), asked.urgency(), asked.card(), asked.plan(), asked.limits())
        .orElse(null);
  }

  /** Returns the drafts that were asked for together with one, in their order. */
  public List<JobView> drafts(TenantId tenant, JobId first) {
    return database.read(
        "find drafts " + first,
        session -> JobViews.of(session, DRAFTS, first.value(), tenant.value()));
  }

  private List<Optional<JobView>> write(List<PlannedJob> asked) {
    String what = asked.size() == 1 ? "job " + asked.getFirst().job() : asked.size() + " jobs";
    if (asked.stream().anyMatch(one -> one.key() != null || one.webhook() != null)) {
      return database.transact("submit " + what, session -> Submissions.write(session, asked));
    }
    // Most submissions are one statement, which writes nothing if that is not enough.
    List<Optional<JobView>> written =
        database.once("submit " + what, session -> Submissions.writeIfPrepared(session, asked));
    return written.stream().anyMatch(Optional::isPresent)
        ? written
        : database.transact(
            "submit " + what, session -> Submissions.prepareAndWrite(session, asked));
  }

  /** Returns whether the failure can be due to the content of a single job. */
  private static boolean isOfOne(RuntimeException e) {
    return e instanceof QuotaExceeded
        || (e instanceof StorageException refusal && Database.isOfContent(refusal));
  }

  /** Returns the job of a key, or empty if the key was used for a different request. */
  private Optional<JobView> earlier(NewJob asked) {
    TenantId tenant = asked.tenant();
    IdempotencyKey key = requireNonNull(asked.key());
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

  /** A job that was submitted earlier with a key. */
  private record Earlier(JobId job, String asked) {
    static Earlier read(ResultSet row) throws SQLException {
      return new Earlier(new JobId(row.getObject("id", UUID.class)), row.getString("asked"));
    }
  }

  /** Returns a job, or empty if the tenant has no such job or it was deleted. */
  public Optional<JobView> find(TenantId tenant, JobId job) {
    return database.read("find job " + job, session -> view(session, tenant, job));
  }

  /**
   * Returns the newest job of a tenant that hides a mark in its files, or empty if there is none.
   *
   * @param watermark eight hexadecimal digits
   */
  public Optional<JobView> marked(TenantId tenant, String watermark) {
    return database.read(
        "find the job of mark " + watermark,
        session -> JobViews.of(session, MARKED, watermark, tenant.value()).stream().findFirst());
  }

  /** Returns the newest job of a tenant that made a file, or empty if there is none. */
  public Optional<JobView> made(TenantId tenant, ArtifactId file) {
    return database.read(
        "find the job of file " + file,
        session -> JobViews.of(session, MADE, tenant.value(), file.sha256()).stream().findFirst());
  }

  /**
   * Lists jobs of a tenant.
   *
   * @throws InvalidSpec if the tenant never had the job {@code after}
   */
  public JobPage page(TenantId tenant, JobListing listing) {
    return database.read("list jobs", session -> JobPages.page(session, tenant, listing));
  }

  /**
   * Deletes a job that has ended. It can no longer be read, and {@link Leftovers} removes its files
   * later.
   *
   * @return false if there is no such job, or it has not ended
   */
  public boolean delete(TenantId tenant, JobId job) {
    return database.act("delete job " + job, session -> JobChanges.delete(session, tenant, job));
  }

  /**
   * Ends a job that made a whole level, with the newest one as its result, and cancels the rest.
   *
   * @return the job, which goes on if it made no whole level yet; empty if there is no such job
   */
  public Optional<JobView> stop(TenantId tenant, JobId job) {
    return database.act(
        "stop job " + job,
        session -> {
          JobChanges.stop(session, tenant, job);
          return view(session, tenant, job);
        });
  }

  /** Cancels a job unless it has ended. Returns the job, or empty if there is no such job. */
  public Optional<JobView> cancel(TenantId tenant, JobId job) {
    return database.act(
        "cancel job " + job,
        session -> {
          JobChanges.cancel(session, tenant, job);
          return view(session, tenant, job);
        });
  }

  /**
   * Changes how a job is treated from its next step on, unless it has ended. A paused job keeps
   * what it has done and is given no device until it goes on.
   *
   * @param urgency its class; null keeps it
   * @param paused whether it is paused; null keeps that
   * @param deadline when it ends at the latest, or {@link JobLimits#NO_DEADLINE}; null keeps that
   * @return the job, which nothing was changed of if it has ended; empty if there is no such job
   */
  public Optional<JobView> change(
      TenantId tenant,
      JobId job,
      @Nullable JobClass urgency,
      @Nullable Boolean paused,
      @Nullable Instant deadline) {
    return database.act(
        "change job " + job,
        session -> {
          JobChanges.change(session, line, tenant, job, urgency, paused, deadline);
          return view(session, tenant, job);
        });
  }

  /** Returns how many jobs of a tenant wait that were submitted before one of its jobs. */
  public int ahead(TenantId tenant, JobId job) {
    return database.read(
        "count the jobs before " + job,
        session ->
            session
                .first(AHEAD, row -> row.getInt("ahead"), tenant.value(), job.value())
                .orElse(0));
  }

  private static Optional<JobView> view(Session session, TenantId tenant, JobId job)
      throws SQLException {
    return JobViews.of(session, FIND, tenant.value(), job.value()).stream().findFirst();
  }
}
