package glimt.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtifactsTest {
  @TempDir Path folder;

  @Test
  void an_artifact_is_named_by_its_bytes_and_comes_back() throws IOException {
    Artifacts artifacts = new Artifacts(folder);
    byte[] bytes = "a glimpse".getBytes(UTF_8);
    Artifact artifact = artifacts.put("text/plain", bytes);
    assertThat(artifact)
        .isEqualTo(new Artifact(Ledger.digestOf("a glimpse"), "text/plain", bytes.length));
    try (InputStream in = artifacts.open(artifact.id())) {
      assertThat(in.readAllBytes()).isEqualTo(bytes);
    }
    assertThat(artifacts.read(artifact.id())).isEqualTo(bytes);
    assertThat(artifacts.verify(artifact.id())).isTrue();
    String name = artifact.id().sha256();
    assertThat(artifacts.path(artifact.id()))
        .isEqualTo(folder.resolve(name.substring(0, 2)).resolve(name.substring(2, 4)).resolve(name))
        .exists();
  }

  @Test
  void bytes_a_file_and_a_writer_that_closes_make_the_same_artifact() throws IOException {
    Artifacts artifacts = new Artifacts(folder.resolve("store"));
    byte[] bytes = new byte[300_000];
    new Random(1).nextBytes(bytes);
    Path file = Files.write(folder.resolve("file"), bytes);
    Artifact artifact = artifacts.put("a/b", bytes);
    assertThat(artifacts.put("a/b", file)).isEqualTo(artifact);
    assertThat(
            artifacts.put(
                "a/b",
                out -> {
                  try (out) {
                    out.write(bytes[0]);
                    out.write(bytes, 1, bytes.length - 1);
                  }
                }))
        .isEqualTo(artifact);
    assertThat(files(folder.resolve("store"))).containsExactly(artifacts.path(artifact.id()));
  }

  @Test
  void an_empty_artifact_is_one() {
    Artifacts artifacts = new Artifacts(folder);
    Artifact empty = artifacts.put("a/b", new byte[0]);
    assertThat(empty.length()).isZero();
    assertThat(artifacts.verify(empty.id())).isTrue();
  }

  @Test
  void a_damaged_artifact_is_found_out_and_healed_by_making_it_again() throws IOException {
    Artifacts artifacts = new Artifacts(folder);
    ArtifactId id = artifacts.put("a/b", new byte[] {1, 2, 3}).id();
    Files.write(artifacts.path(id), new byte[] {1, 2, 2});
    assertThat(artifacts.verify(id)).isFalse();
    assertThatThrownBy(() -> artifacts.read(id))
        .isInstanceOf(DamagedArtifact.class)
        .hasMessageContaining("not those of its name");
    assertThatThrownBy(() -> artifacts.file(id)).isInstanceOf(DamagedArtifact.class);
    assertThatThrownBy(
            () -> {
              try (InputStream in = artifacts.open(id)) {
                in.readAllBytes();
              }
            })
        .isInstanceOf(DamagedArtifact.class);
    artifacts.put("a/b", new byte[] {1, 2, 3});
    assertThat(artifacts.verify(id)).isTrue();
    assertThat(artifacts.file(id)).hasBinaryContent(new byte[] {1, 2, 3});
    Files.write(artifacts.path(id), new byte[] {3, 2, 1});
    Files.setLastModifiedTime(artifacts.path(id), FileTime.fromMillis(0));
    assertThatThrownBy(() -> artifacts.file(id)).isInstanceOf(DamagedArtifact.class);
  }

  @Test
  void an_artifact_that_is_not_there_is_said_to_be_missing() {
    Artifacts artifacts = new Artifacts(folder);
    ArtifactId id = Ledger.digestOf("nowhere");
    assertThatThrownBy(() -> artifacts.open(id))
        .as("a store that was never written to may not be the right one")
        .isExactlyInstanceOf(StorageException.class);
    artifacts.put("a/b", new byte[1]);
    assertThat(artifacts.verify(id)).isFalse();
    assertThatThrownBy(() -> artifacts.open(id))
        .isInstanceOf(DamagedArtifact.class)
        .hasMessageContaining(id.sha256());
  }

  @Test
  void many_who_write_the_same_at_once_agree() throws Exception {
    byte[] bytes = new byte[100_000];
    List<Callable<Artifact>> writers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      // Each with a store of its own, as separate processes have.
      writers.add(() -> new Artifacts(folder).put("a/b", bytes));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (Future<Artifact> written : threads.invokeAll(writers)) {
        assertThat(new Artifacts(folder).verify(written.get().id())).isTrue();
      }
    }
    assertThat(files(folder)).hasSize(1);
  }

  @Test
  void a_writer_that_gives_up_leaves_nothing() throws IOException {
    Artifacts artifacts = new Artifacts(folder);
    assertThatThrownBy(
            () ->
                artifacts.put(
                    "a/b",
                    out -> {
                      out.write(new byte[1000]);
                      throw new IOException("the encoder died");
                    }))
        .isInstanceOf(StorageException.class)
        .hasRootCauseMessage("the encoder died");
    assertThat(files(folder)).isEmpty();
  }

  /** A process that may write 64 KiB and no more, as on a disk that is full. */
  @Test
  void without_room_nothing_is_left_and_the_next_artifact_that_fits_is_written() throws Exception {
    Process process =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -f 128 && exec \"$0\" -Xshare:auto -cp \"$1\" \"$2\" \"$3\"",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                System.getProperty("java.class.path"),
                LittleRoom.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(said).contains("refused: write an artifact of type a/b");
    assertThat(process.exitValue()).isZero();
    assertThat(files(folder)).hasSize(1);
  }

  /** Writes too much, then a little. */
  static final class LittleRoom {
    private LittleRoom() {}

    public static void main(String[] args) {
      Artifacts artifacts = new Artifacts(Path.of(args[0]));
      try {
        artifacts.put("a/b", new byte[1 << 20]);
        throw new IllegalStateException("a file of 1 MiB was written after all");
      } catch (StorageException e) {
        System.out.println("refused: " + e.getMessage());
      }
      artifacts.put("a/b", new byte[100]);
    }
  }

  private static List<Path> files(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }
}
