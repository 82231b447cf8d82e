package glimt.job;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a job, for ever. A job's events are numbered 1, 2, 3 … in the order in
 * which they were committed, without a gap.
 */
public record JobEvent(JobId job, long seq, Instant at, Fact fact) {

  public sealed interface Fact {}

  public record Submitted(List<String> warnings) implements Fact {
    public Submitted {
      warnings = List.copyOf(warnings);
    }
  }

  /** Its first task was claimed. */
  public record JobStarted() implements Fact {}

  public record LevelFinished(String level, List<Product> products) implements Fact {
    public LevelFinished {
      products = List.copyOf(products);
    }
  }

  public record JobEnded(JobState state, @Nullable Fault fault, @Nullable String why)
      implements Fact {}
}
