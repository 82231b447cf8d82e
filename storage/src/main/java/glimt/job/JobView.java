package glimt.job;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a reader of a job sees.
 *
 * @param progress work done over work planned, 0 to 1
 * @param lastSeq the number of its newest durable event
 */
public record JobView(
    JobId id,
    TenantId tenant,
    JobSpec spec,
    ArtifactId card,
    JobState state,
    double progress,
    List<String> warnings,
    Instant created,
    @Nullable Instant started,
    @Nullable Instant ended,
    @Nullable Fault fault,
    @Nullable String why,
    long lastSeq,
    List<LevelView> levels) {
  public JobView {
    warnings = List.copyOf(warnings);
    levels = List.copyOf(levels);
  }

  /**
   * @param products empty until it is finished
   */
  public record LevelView(
      String name, JobState state, double progress, List<Product> products, List<TaskView> tasks) {
    public LevelView {
      products = List.copyOf(products);
      tasks = List.copyOf(tasks);
    }
  }

  /**
   * @param step how many steps its running attempt has done
   */
  public record TaskView(
      TaskId id, int ordinal, Work work, TaskState state, int step, List<AttemptView> attempts) {
    public TaskView {
      attempts = List.copyOf(attempts);
    }
  }

  /**
   * @param effort as its worker told it at the end; until then, and of a worker that never did,
   *     what the ledger knows
   * @param outcome succeeded, failed, yielded, lost or cancelled; null while it runs
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

  /** The files of the highest finished level. */
  public Optional<LevelView> highestFinished() {
    return levels.reversed().stream().filter(level -> !level.products().isEmpty()).findFirst();
  }
}
