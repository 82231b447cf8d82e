package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FfmpegTest {

  /**
   * Unpacks FFmpeg into a folder, runs it and prints its version; the test below starts several
   * such processes at once.
   */
  public static void main(String[] cache) throws InterruptedException {
    System.out.print(version(Ffmpeg.unpackedIn(Path.of(cache[0]))));
  }

  @Test
  void processes_and_threads_that_unpack_at_once_all_get_a_whole_ffmpeg(@TempDir Path cache)
      throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  FfmpegTest.class.getName(),
                  cache.toString())
              .redirectErrorStream(true)
              .start());
    }
    var together = new CyclicBarrier(4);
    List<Future<String>> threads = new ArrayList<>();
    try (var pool = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 4; i++) {
        threads.add(
            pool.submit(
                () -> {
                  together.await();
                  return version(Ffmpeg.unpackedIn(cache));
                }));
      }
    }
    for (Future<String> thread : threads) {
      assertThat(thread.get()).startsWith("ffmpeg version");
    }
    for (Process process : processes) {
      assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("ffmpeg version");
      assertThat(process.waitFor()).isZero();
    }
    assertThat(list(cache)).hasSize(2); // the folder and the lock
  }

  @Test
  void a_damaged_folder_and_the_rest_of_a_killed_unpacking_are_replaced(@TempDir Path cache)
      throws Exception {
    Ffmpeg.unpackedIn(cache);
    Path folder = list(cache).stream().filter(Files::isDirectory).findFirst().orElseThrow();
    Files.write(folder.resolve("libavcodec.so.62"), new byte[100]);
    Files.delete(folder.resolve("libpulse.so.0"));
    Path killed = Files.createDirectory(folder.resolveSibling(folder.getFileName() + ".part"));
    Files.write(killed.resolve("ffmpeg"), new byte[7]);

    assertThat(version(Ffmpeg.unpackedIn(cache))).startsWith("ffmpeg version");
    assertThat(killed).doesNotExist();
  }

  @Test
  void a_cache_that_cannot_be_written_is_named(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "not a folder");
    assertThatThrownBy(() -> Ffmpeg.unpackedIn(file))
        .isInstanceOf(MediaException.class)
        .hasMessage("cannot unpack ffmpeg into " + file);
  }

  @Test
  void a_failure_carries_ffmpegs_last_words_and_nothing_of_the_loaders() {
    assertThatThrownBy(
            () -> Given.ffmpeg().run("ffmpeg", List.of("-i", "file:/nowhere/a.mp4"), new byte[0]))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("ffmpeg ended with")
        .hasMessageContaining("/nowhere/a.mp4")
        .hasMessageContaining("No such file or directory")
        .hasMessageNotContaining("version information");
  }

  @Test
  void a_program_that_does_not_end_is_stopped() {
    Ffmpeg impatient = Given.ffmpeg().within(Duration.ofMillis(300));
    assertThatThrownBy(() -> impatient.run("ffmpeg", forever(), new byte[0]))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("ffmpeg did not end within 0.3 s and was stopped");
    // It was killed; on a busy machine it takes a moment to be gone.
    assertThat(ProcessHandle.current().children())
        .allSatisfy(child -> assertThat(child.onExit()).succeedsWithin(Duration.ofSeconds(10)));
  }

  @Test
  void an_interrupted_thread_takes_its_program_along() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> Given.ffmpeg().run("ffmpeg", forever(), new byte[0]))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
    // It was killed; on a busy machine it takes a moment to be gone.
    assertThat(ProcessHandle.current().children())
        .allSatisfy(child -> assertThat(child.onExit()).succeedsWithin(Duration.ofSeconds(10)));
  }

  /** A test picture at its natural speed, without an end. */
  private static List<String> forever() {
    return List.of("-re", "-f", "lavfi", "-i", "testsrc", "-f", "null", "-");
  }

  private static String version(Ffmpeg ffmpeg) throws InterruptedException {
    return new String(
        ffmpeg.run("ffmpeg", List.of("-version"), new byte[0]), StandardCharsets.UTF_8);
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
