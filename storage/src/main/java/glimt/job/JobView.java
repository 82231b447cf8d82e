package glimt.job;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of a job for clients.
 *
 * @param urgency its class
 * @param paused since when it is paused; null unless it is
 * @param limits what it may take
 * @param plannedEnd how far it is made, to end within its limits; null for as far as it asks for
 * @param card the digest of the card that the job was planned with
 * @param origin the job that it was made from, such as the one that it is a remix of; null for none
 * @param originLevel the level of {@code origin} that it took over; null if it took none
 * @param drafts the first of the drafts that were asked for together, of which it is one; null if
 *     it is no draft
 * @param progress completed work divided by planned work, 0 to 1
 * @param warnings for the client, such as unknown words of the prompt, and those that were cut off
 * @param decisions what content filters decided about its parts
 * @param started when its first task was claimed; null before
 * @param ended when it ended; null before
 * @param fault the kind of failure; null unless it failed or was blocked
 * @param why the cause of the failure for the client, or of its early end; null if there is none
 * @param endedAtLevel the level that is its result because it had to end early; null unless it had
 * @param lastSeq the number of its newest durable event
 * @param levels its encoders and levels in the order of its plan; without files if it was blocked
 */
public record JobView(
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
    JobState state,
    double progress,
    List<String> warnings,
    List<FilterDecision> decisions,
    Instant created,
    @Nullable Instant started,
    @Nullable Instant ended,
    @Nullable Fault fault,
    @Nullable String why,
    @Nullable String endedAtLevel,
    long lastSeq,
    List<LevelView> levels) {
  public JobView {
    warnings = List.copyOf(warnings);
    decisions = List.copyOf(decisions);
    levels = List.copyOf(levels);
  }

  /**
   * A snapshot of one level, or of one encoder.
   *
   * @param products the results of the finished level; empty until then
   */
  public record LevelView(
      String name, JobState state, double progress, List<Product> products, List<TaskView> tasks) {
    public LevelView {
      products = List.copyOf(products);
      tasks = List.copyOf(tasks);
    }
  }

  /**
   * A snapshot of one task.
   *
   * @param ordinal its index in {@link Plan#tasks}
   * @param step how many steps its running attempt has done
   */
  public record TaskView(
      TaskId id, int ordinal, Work work, TaskState state, int step, List<AttemptView> attempts) {
    public TaskView {
      attempts = List.copyOf(attempts);
    }
  }

  /**
   * A snapshot of one attempt at a task.
   *
   * @param effort as its worker reported it at the end; as far as the ledger knows it while the
   *     attempt runs, or if the worker never reported
   * @param outcome succeeded, failed, yielded, lost, cancelled, or remade after a file was made
   *     again; null while it runs
   */
  public record AttemptView(
      int number,
      WorkerId worker,
      Instant started,
      @Nullable Instant ended,
      @Nullable Effort effort,
      @Nullable String outcome,
      @Nullable Fault fault,
      @Nullable String why) {}

  /** Returns the highest finished level, or empty if none is finished. */
  public Optional<LevelView> highestFinished() {
    return levels.reversed().stream().filter(level -> !level.products().isEmpty()).findFirst();
  }
}
