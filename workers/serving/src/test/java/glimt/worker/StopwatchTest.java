package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Timings;
import glimt.job.WorkerTimes;
import glimt.worker.Stopwatch.Lap;
import glimt.worker.Stopwatch.Phase;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StopwatchTest {
  private final AtomicLong clock = new AtomicLong();

  private void pass(int seconds) {
    clock.addAndGet(seconds * 1_000_000_000L);
  }

  @Test
  void every_second_belongs_to_the_innermost_phase() {
    Stopwatch stopwatch = new Stopwatch(clock::get, clock.get());
    pass(1);
    try (Lap _ = stopwatch.in(Phase.DENOISE)) {
      pass(2);
      try (Lap _ = stopwatch.in(Phase.CHECKPOINT)) {
        pass(4);
      }
      pass(8);
    }
    try (Lap _ = stopwatch.in(Phase.WRITE)) {
      pass(16);
    }
    pass(32);
    assertThat(stopwatch.timings(clock.get())).isEqualTo(new Timings(0, 0, 10, 0, 16, 4, 33));
  }

  @Test
  void a_life_is_idle_or_other_unless_it_is_in_a_reported_attempt() {
    Lifetime lifetime = new Lifetime(clock::get);
    pass(1);
    lifetime.begins();
    pass(2);
    lifetime.reports();
    pass(4);
    lifetime.frees();
    pass(8);
    lifetime.begins();
    pass(16);
    lifetime.frees();
    pass(32);
    assertThat(lifetime.idle()).isEqualTo(new WorkerTimes(63, 41, 20));
  }
}
