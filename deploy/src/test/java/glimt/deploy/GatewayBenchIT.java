package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code glimt bench gateway}: what it prints, not how fast this machine is. */
class GatewayBenchIT {
  @TempDir private Path home;

  @Test
  void every_event_arrives_and_a_killed_gateway_loses_nothing() throws IOException {
    Launched bench =
        Launched.glimt(
            "bench",
            "gateway",
            "--sockets",
            "40",
            "--events",
            "20",
            "--idle",
            "20",
            "--seconds",
            "1",
            "--megabytes",
            "2",
            "--no-pgbench",
            "--home",
            home.toString());
    assertThat(bench.exit()).as(bench.err() + bench.out()).isZero();
    assertThat(bench.out())
        .containsPattern("events sent to sockets, [0-9]+ a second x 10 +200 of 200, 0 wrong")
        .containsPattern("the same in the first 1 s of 4 +[0-9.]+, [0-9.]+, [0-9.]+ ms; [0-9]+ us")
        .containsPattern(
            "memory of the gateway, before and with 20 idle sockets +[0-9]+, [0-9]+ MB")
        .containsPattern("submissions a second in the first 1 s +[1-9][0-9]*; [0-9.]+ ms")
        .containsPattern("submissions a second by 16 clients +[1-9]")
        .containsPattern("download of 2 MB, with its digest verified; again +[0-9]+ MB/s")
        .containsPattern("one of two gateways killed: submissions accepted; lost +[1-9][0-9]*; 0 ")
        .containsPattern(
            "events seen over 20 cuts; missing, twice or out of order +[1-9][0-9]*; 0 ");
    try (Stream<Path> left = Files.list(home)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .as("its folder is gone")
          .noneMatch(name -> name.startsWith("bench"));
    }
  }

  @Test
  void no_seconds_are_bad_usage() {
    Launched bench = Launched.glimt("bench", "gateway", "--seconds", "NaN", "--home", home + "");
    assertThat(bench.exit()).isEqualTo(2);
    assertThat(bench.err()).contains("--seconds");
  }
}
