package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code glimt bench queue}: what it prints, not how fast this machine is. */
class QueueBenchIT {
  @TempDir private Path home;

  @Test
  void the_queue_is_measured_in_one_run() {
    Launched bench =
        Launched.glimt(
            "bench",
            "queue",
            "--rounds",
            "1",
            "--seconds",
            "0.1",
            "--jobs",
            "20",
            "--home",
            home.toString());
    assertThat(bench.exit()).as(bench.err()).isZero();
    assertThat(bench.out())
        .containsPattern("jobs submitted, 3 tasks each +16 +[1-9]")
        .containsPattern("tasks claimed and completed, by 32 +16 +[1-9]")
        .containsPattern("tasks claimed and completed, singly +1 +[1-9]")
        .containsPattern("from submission to the worker's Run +mean [0-9.]+ ms");
    assertThat(bench.err()).contains("round 1 of 1");
    assertThat(Files.exists(home.resolve("postgres/data"))).as("in a folder of its own").isFalse();
  }

  @Test
  void no_rounds_are_bad_usage() {
    Launched bench = Launched.glimt("bench", "queue", "--rounds", "0", "--home", home.toString());
    assertThat(bench.exit()).isEqualTo(2);
    assertThat(bench.err()).contains("--rounds");
  }
}
