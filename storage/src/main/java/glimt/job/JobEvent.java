package glimt.job;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A durable event in a job's history.
 *
 * @param job the job it happened to
 * @param seq its number in the job's history: 1, 2, 3 … in the order of commits, without gaps
 * @param at when it was recorded, by the database's clock
 * @param fact what happened
 */
public record JobEvent(JobId job, long seq, Instant at, Fact fact) {

  /** What happened to the job. */
  public sealed interface Fact {}

  /**
   * The job was accepted.
   *
   * @param warnings for the client, such as unknown words of the prompt
   * @param origin the job whose level it takes over; null if it takes none
   * @param level the level that it takes over, and does not make; null if it takes none
   */
  public record Submitted(List<String> warnings, @Nullable JobId origin, @Nullable String level)
      implements Fact {
    public Submitted {
      warnings = List.copyOf(warnings);
    }

    /** A job that takes no level over. */
    public Submitted(List<String> warnings) {
      this(warnings, null, null);
    }
  }

  /**
   * A worker found something in the job that its client should know.
   *
   * @param warnings that the job had not before
   */
  public record Warned(List<String> warnings) implements Fact {
    public Warned {
      warnings = List.copyOf(warnings);
    }
  }

  /** A worker claimed the job's first task. */
  public record JobStarted() implements Fact {}

  /**
   * The job was changed. A null was not changed.
   *
   * @param urgency its new class
   * @param paused whether it was paused, or goes on
   * @param deadline its new deadline
   */
  public record JobChanged(
      @Nullable JobClass urgency, @Nullable Boolean paused, @Nullable Instant deadline)
      implements Fact {}

  /**
   * A level was assembled.
   *
   * @param level its name
   * @param products its sample and its media file
   * @param steps the steps that its walks took together; null in events of earlier versions
   */
  public record LevelFinished(String level, List<Product> products, @Nullable Long steps)
      implements Fact {
    public LevelFinished {
      products = List.copyOf(products);
    }

    /** A level of which it is not said how many steps it took. */
    public LevelFinished(String level, List<Product> products) {
      this(level, products, null);
    }
  }

  /**
   * The job ended.
   *
   * @param state succeeded, failed, cancelled or blocked
   * @param fault the kind of failure; null unless it failed or was blocked
   * @param why the cause for the client; null unless it failed or was blocked
   */
  public record JobEnded(JobState state, @Nullable Fault fault, @Nullable String why)
      implements Fact {}
}
