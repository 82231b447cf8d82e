package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code glimt bench fair}, as short as can be: what it prints, not how fast this machine is. */
class FairBenchIT {
  @TempDir private Path home;

  private Launched fair(String... options) {
    return Launched.glimt(
        Stream.concat(Stream.of("bench", "fair", "--home", home.toString()), Stream.of(options))
            .toArray(String[]::new));
  }

  @Test
  void a_time_that_is_none_and_an_unknown_part_are_bad_usage() {
    Launched bench = fair("--seconds", "NaN");
    Launched part = fair("--only", "mix,luck");
    assertThat(bench.exit()).isEqualTo(2);
    assertThat(bench.err()).contains("--seconds");
    assertThat(part.exit()).isEqualTo(2);
    assertThat(part.err()).contains("--only", "luck");
  }

  @Test
  void shares_urgency_and_deadlines_are_measured_in_one_short_run() {
    Launched bench =
        fair(
            "--only",
            "mix,urgent,shares,deadlines,kills",
            "--seconds",
            "1",
            "--step",
            "10",
            "--devices",
            "2");
    assertThat(bench.exit()).as(bench.err()).isZero();
    assertThat(bench.out())
        .containsPattern("first come first served: jobs over 3 x their time alone +[0-9]+ of [1-9]")
        .containsPattern("the same jobs, short ones urgent, .* +[0-9]+ of [1-9]")
        .containsPattern("preemptions; steps done twice +[0-9.]+ %; 0 ")
        .containsPattern("on a full farm until it runs: median, worst +[0-9]+, [0-9]+ ms")
        .containsPattern("share of a tenant of weight 4 of 7, off its due +[0-9]")
        .containsPattern("playable in time +[0-9]+, [0-9]+ of them at the base")
        .containsPattern(
            "twice, [1-9][0-9]* workers killed yielding, [0-9]+ preempting +[0-9]+ of 800")
        .doesNotContain("one clip of");
    assertThat(bench.err()).contains("seed 1");
  }

  @Test
  void a_bench_that_is_stopped_leaves_no_process_and_no_folder() throws Exception {
    try (Launched bench = fair("--only", "shares", "--seconds", "600", "--devices", "1")) {
      Launched.eventually(
          () -> Launched.processesOf(home).stream().filter(FairBenchIT::isPostmaster).count(),
          running -> running > 0);
      bench.terminate();
      assertThat(bench.exit()).isEqualTo(143);
    }
    Launched.eventually(() -> Launched.processesOf(home).size(), left -> left == 0);
    try (Stream<Path> left = Files.list(home)) {
      assertThat(left.filter(path -> path.getFileName().toString().startsWith("bench"))).isEmpty();
    }
  }

  private static boolean isPostmaster(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("/postgres");
  }
}
