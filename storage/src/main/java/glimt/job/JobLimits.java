package glimt.job;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a job may take. When it has had that, it ends, and its result is the newest whole level.
 *
 * @param deadline when it ends at the latest; null for any time
 * @param budgetSeconds how many device-seconds it may take; null for any number
 */
public record JobLimits(@Nullable Instant deadline, @Nullable Double budgetSeconds) {
  /** Takes a job's deadline away. */
  public static final Instant NO_DEADLINE = Instant.MAX;

  public static final JobLimits NONE = new JobLimits(null, null);

  public JobLimits {
    // Written so that NaN is refused too.
    if (budgetSeconds != null && !(budgetSeconds > 0 && budgetSeconds < Double.POSITIVE_INFINITY)) {
      throw new InvalidSpec("budget_seconds", "must be above 0, not " + budgetSeconds);
    }
  }
}
