package glimt.job;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far a job is made because more is not likely to be ready within its limits.
 *
 * @param level the last level that is made
 * @param last the ordinal of that level's last task
 * @param why what is left out and why, for the client
 */
public record PlannedEnd(String level, int last, String why) {
  /**
   * When a level of a job is likely to be whole.
   *
   * @param last the ordinal of its last task
   * @param ends when, by what its steps and those before them took so far
   * @param deviceSeconds what the job will have taken by then
   * @param learned whether the times of all these steps are known
   */
  public record LevelEnd(
      String level, int last, Instant ends, double deviceSeconds, boolean learned) {}

  /**
   * Leaves out the levels that are not likely to be whole within a job's limits, but never the
   * first: that one may turn out to be quicker, and without it there is no result at all.
   *
   * @param whole the newest level that is whole already; null if there is none
   * @param coming the levels to come, in their order
   * @return empty if the job is made as far as was asked for
   */
  public static Optional<PlannedEnd> of(
      JobLimits limits, @Nullable LevelEnd whole, List<LevelEnd> coming) {
    LevelEnd before = whole;
    for (LevelEnd next : coming) {
      String misses = next.learned() ? missed(limits, next) : null;
      if (misses != null) {
        LevelEnd last = before == null ? next : before;
        return last.equals(coming.getLast())
            ? Optional.empty()
            : Optional.of(
                new PlannedEnd(
                    last.level(), last.last(), misses + "; its last level is " + last.level()));
      }
      before = next;
    }
    return Optional.empty();
  }

  private static @Nullable String missed(JobLimits limits, LevelEnd end) {
    Instant deadline = limits.deadline();
    if (deadline != null && end.ends().isAfter(deadline)) {
      return String.format(
          Locale.ROOT,
          "planned to its deadline: %s would be ready %.1f s after it",
          end.level(),
          Duration.between(deadline, end.ends()).toMillis() / 1e3);
    }
    Double budget = limits.budgetSeconds();
    if (budget != null && end.deviceSeconds() > budget) {
      return String.format(
          Locale.ROOT,
          "planned to its budget of %s device-seconds: with %s it would take %.1f",
          budget,
          end.level(),
          end.deviceSeconds());
    }
    return null;
  }
}
