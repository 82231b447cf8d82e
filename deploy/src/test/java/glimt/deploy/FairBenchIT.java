package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The options of {@code glimt bench fair}. */
class FairBenchIT {
  @TempDir private Path home;

  @Test
  void a_time_that_is_none_is_bad_usage() {
    Launched bench = Launched.glimt("bench", "fair", "--seconds", "NaN", "--home", home.toString());
    assertThat(bench.exit()).isEqualTo(2);
    assertThat(bench.err()).contains("--seconds");
  }
}
