package glimt.deploy.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetTest {
  @Test
  void what_is_known_of_a_node_is_read_whole_while_it_is_written_again(@TempDir Path folder)
      throws Exception {
    Path file = folder.resolve("worker-1").resolve("process");
    String text = "4711\n2026-01-01T00:00:00Z\n";
    Fleet.write(file, text);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> writer =
          threads.submit(
              () -> {
                for (int i = 0; i < 2000; i++) {
                  Fleet.write(file, text);
                }
              });
      while (!writer.isDone()) {
        assertThat(Files.readString(file)).isEqualTo(text);
      }
      writer.get();
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(namesIn(folder.resolve("worker-1"))).containsExactly("process");
  }

  private static String[] namesIn(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toArray(String[]::new);
    }
  }
}
