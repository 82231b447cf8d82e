package glimt.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.ArtifactId;
import glimt.ledger.Ledger;
import glimt.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtifactFolderTest extends ArtifactLaws {
  @TempDir Path folder;

  @Override
  Artifacts store() {
    return folder();
  }

  private ArtifactFolder folder() {
    return new ArtifactFolder(folder);
  }

  @Override
  void damage(ArtifactId id, byte[] bytes) throws IOException {
    Path file = Files.write(folder().path(id), bytes);
    // A write within the same tick of the file system's clock would leave the time unchanged.
    Instant written = Files.getLastModifiedTime(file).toInstant();
    Files.setLastModifiedTime(file, FileTime.from(written.plusSeconds(1)));
  }

  @Override
  void age(ArtifactId id) throws IOException {
    age(folder().path(id));
  }

  @Override
  void dieWriting() throws IOException {
    age(Files.writeString(folder.resolve("incoming").resolve("half"), "a"));
  }

  private static void age(Path file) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(3600)));
  }

  @Test
  void an_artifact_is_one_file_by_its_name_however_often_it_was_put() throws IOException {
    ArtifactId id = folder().put("a/b", new byte[] {1, 2, 3}).id();
    assertThat(folder().put("a/b", new byte[] {1, 2, 3}).id()).isEqualTo(id);
    String name = id.sha256();
    assertThat(folder().path(id))
        .isEqualTo(
            folder.resolve(name.substring(0, 2)).resolve(name.substring(2, 4)).resolve(name));
    assertThat(files(folder)).containsExactly(folder().path(id));
  }

  @Test
  void a_file_that_was_found_whole_is_compared_again_when_it_was_written_since()
      throws IOException {
    ArtifactFolder artifacts = folder();
    ArtifactId id = artifacts.put("a/b", new byte[] {1, 2, 3}).id();
    assertThat(artifacts.file(id)).hasBinaryContent(new byte[] {1, 2, 3});
    Files.write(artifacts.path(id), new byte[] {3, 2, 1});
    Files.setLastModifiedTime(artifacts.path(id), FileTime.fromMillis(0));
    assertThatThrownBy(() -> artifacts.file(id)).isInstanceOf(DamagedArtifact.class);
  }

  @Test
  void a_folder_that_was_never_written_to_may_not_be_the_right_one_and_has_lost_nothing() {
    assertThatThrownBy(() -> folder().open(Ledger.digestOf("nowhere")))
        .isExactlyInstanceOf(StorageException.class);
  }

  @Test
  void a_writer_that_gives_up_leaves_no_file() throws IOException {
    assertThatThrownBy(
            () ->
                folder()
                    .put(
                        "a/b",
                        out -> {
                          out.write(new byte[1000]);
                          throw new IOException("the encoder died");
                        }))
        .isInstanceOf(StorageException.class);
    assertThat(files(folder)).isEmpty();
  }

  /** A process that may write at most 64 KiB, which simulates a full disk. */
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
    assertThat(said).contains("refused: could not write an artifact of type a/b");
    assertThat(process.exitValue()).isZero();
    assertThat(files(folder)).hasSize(1);
  }

  /** Writes an artifact that is too large, then a small one. */
  static final class LittleRoom {
    private LittleRoom() {}

    public static void main(String[] args) {
      Artifacts artifacts = new ArtifactFolder(Path.of(args[0]));
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
