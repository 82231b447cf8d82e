package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code glimt chaos}, with a few faults of each group. */
class ChaosIT {
  private static final Pattern LAST =
      Pattern.compile(
          "lost per kill: median (\\d+\\.\\d) s \\(\\d+ steps\\), worst (\\d+\\.\\d) s \\(\\d+ steps\\),"
              + " of (\\d+) kills\n"
              + "faults survived (\\d+) of (\\d+), jobs lost 0, duplicates 0, bytes identical (\\d+) of"
              + " (\\d+)\n"
              + "$");

  @TempDir private Path home;

  @Test
  void every_fault_is_survived_and_the_bytes_are_the_same() {
    String seed = Long.toString(1 + System.nanoTime() % 1000);
    System.out.println("chaos with seed " + seed);
    Launched chaos =
        Launched.glimt(
            "chaos",
            "--first-seed",
            seed,
            "--only",
            "worker-killed",
            "--only",
            "crash-after-artifact",
            "--only",
            "worker-of-another-class",
            "--only",
            "coordinator-killed",
            "--only",
            "gateway-killed",
            "--only",
            "postgres-crashed",
            "--home",
            home.toString());
    assertThat(chaos.exit(Duration.ofMinutes(15)))
        .as("seed %s: %s%s", seed, chaos.out(), chaos.err())
        .isZero();
    Matcher last = LAST.matcher(chaos.out());
    assertThat(last.find()).as(chaos.out()).isTrue();
    assertThat(last.group(4)).isEqualTo(last.group(5)).isNotEqualTo("0");
    assertThat(last.group(6)).isEqualTo(last.group(7)).isNotEqualTo("0");
    assertThat(last.group(3)).as("kills in mid-task").isNotEqualTo("0");
    assertThat(Double.parseDouble(last.group(2)))
        .as("worst loss")
        .isGreaterThanOrEqualTo(Double.parseDouble(last.group(1)));
    assertThat(chaos.out()).contains("seeds " + seed);
    assertThat(Launched.processesOf(home)).as("left behind").isEmpty();
  }

  @Test
  void a_fault_that_there_is_not_is_bad_usage() {
    Launched chaos = Launched.glimt("chaos", "--only", "earthquake", "--home", home.toString());
    assertThat(chaos.exit()).isEqualTo(2);
    assertThat(chaos.err()).contains("earthquake").contains("--list");
  }
}
