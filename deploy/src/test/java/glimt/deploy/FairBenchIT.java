package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code glimt bench fair}: what holds however fast this machine is. */
class FairBenchIT {
  @TempDir private Path home;

  @Test
  void shares_urgency_and_deadlines_are_measured_in_one_run() {
    Launched bench =
        Launched.glimt(
            "bench",
            "fair",
            "--seconds",
            "1",
            "--step",
            "10",
            "--devices",
            "2",
            "--home",
            home.toString());
    assertThat(bench.exit()).as(bench.err()).isZero();
    assertThat(bench.out())
        .containsPattern("first come first served: jobs over 3 x their time alone +[0-9]+ of [1-9]")
        .containsPattern("the same jobs, short ones urgent, .* +[0-9]+ of [1-9]")
        .containsPattern("preemptions; steps done twice +[0-9.]+ %; 0 ")
        .containsPattern("on a full farm until it runs: median, worst +[0-9]+, [0-9]+ ms")
        .containsPattern("share of a tenant of weight 4 of 7, off its due +[0-9]")
        .containsPattern("playable in time +[0-9]+, [0-9]+ of them at the base");
    assertThat(bench.err()).contains("seed 1");
  }

  @Test
  void a_time_that_is_none_is_bad_usage() {
    Launched bench = Launched.glimt("bench", "fair", "--seconds", "NaN", "--home", home.toString());
    assertThat(bench.exit()).isEqualTo(2);
    assertThat(bench.err()).contains("--seconds");
  }
}
