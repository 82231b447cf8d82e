package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Simulates the times of steps and saves, without sampling. */
class PaceTest {
  /** The time from copying a state to its row in the ledger. */
  private static final long ARRIVES = Duration.ofMillis(400).toNanos();

  /**
   * The simulated times of a trajectory, in nanoseconds.
   *
   * @param whole the duration of the trajectory, including saves
   * @param lost the work lost by a kill at the worst moment
   * @param costs how long the device waited for saves
   */
  private record Walk(long whole, long lost, long costs) {
    /** Simulates steps of random length, between two thirds of the longest and the longest. */
    static Walk of(int steps, Duration longest, Duration save) {
      long seed = 20261126;
      Random random = new Random(seed);
      long now = 0;
      Pace pace = new Pace(steps, 0, now);
      long safe = 0; // the state that the ledger knows
      long lost = 0;
      long costs = 0;
      for (int done = 1; done < steps; done++) {
        now += (long) (longest.toNanos() * (done == 1 ? 1 : random.nextDouble(2.0 / 3, 1)));
        if (pace.due(done, now)) {
          long taken = now;
          now += save.toNanos();
          pace.saved(taken, now);
          costs += save.toNanos();
          lost = Math.max(lost, now + ARRIVES - safe);
          safe = taken;
        }
      }
      now += longest.toNanos();
      return new Walk(now, Math.max(lost, now - safe), costs);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "20, 10, 1",
    "150, 30, 2",
    "1000, 60, 2",
    "4000, 15, 1",
    "40, 2000, 5",
    "30, 4000, 20",
    "1000, 600, 40",
    "200, 9000, 40",
    "5000, 1000, 300",
    "100, 60000, 2000"
  })
  void a_kill_costs_at_most_five_seconds_or_a_tenth(int steps, int milliseconds, int save) {
    Walk walk = Walk.of(steps, Duration.ofMillis(milliseconds), Duration.ofMillis(save));
    assertThat(walk.lost()).isLessThanOrEqualTo(Math.max(Pace.LOSS, walk.whole() / 10));
  }

  @ParameterizedTest
  @CsvSource({"150, 30, 2", "1000, 60, 2", "40, 2000, 5", "1000, 600, 40", "5000, 1000, 300"})
  void saving_takes_less_than_a_hundredth_of_the_time(int steps, int milliseconds, int save) {
    Walk walk = Walk.of(steps, Duration.ofMillis(milliseconds), Duration.ofMillis(save));
    assertThat(walk.costs()).isPositive().isLessThan(walk.whole() / 100);
  }
}
