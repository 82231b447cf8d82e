package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code glimt bench models}: what it prints, not how fast this machine is. */
class ModelsBenchIT {
  @TempDir private Path home;

  @Test
  void a_tiny_model_is_imported_run_and_measured() throws IOException {
    Launched bench =
        Launched.glimt(
            "bench", "models", "--tiny", "--only", "sd", "--steps", "3", "--home", home.toString());

    assertThat(bench.exit()).as(bench.err()).isZero();
    assertThat(bench.out())
        .containsPattern("model +sd, tiny +0.0[0-9] billion parameters")
        .containsPattern("weights +[0-9]+ MB")
        .containsPattern("import +[0-9.]+ s")
        .containsPattern("encode a prompt +[0-9.]+ s")
        .containsPattern("load the denoiser, the first time +[0-9]+ ms")
        .containsPattern(
            "a step, with guidance +-?[0-9.]+ s +-?[0-9.]+ s processor; 64×64, pytorch")
        .containsPattern("worker's memory at most +[1-9][0-9]+ MB +[1-9][0-9]+ MB anonymous, [1-9]")
        .containsPattern("gateway's memory at most +[1-9][0-9]+ MB");
    try (Stream<Path> left = Files.list(home)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .noneMatch(name -> name.startsWith("bench"));
    }
  }

  @Test
  void an_unknown_model_is_bad_usage() {
    Launched bench = Launched.glimt("bench", "models", "--only", "sd9", "--home", home.toString());

    assertThat(bench.exit()).isEqualTo(2);
    assertThat(bench.err()).contains("--only");
  }
}
