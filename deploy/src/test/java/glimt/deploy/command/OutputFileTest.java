package glimt.deploy.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.deploy.node.DeployException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {
  @TempDir private Path folder;

  @Test
  void a_new_file_has_the_mode_of_any_other() throws IOException {
    Path file = folder.resolve("whale.mp4");
    write(file, "whale");
    assertThat(file).hasContent("whale");
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(Files.getPosixFilePermissions(Files.createFile(folder.resolve("other"))));
  }

  @Test
  void a_file_that_is_there_keeps_its_mode() throws IOException {
    Path file = Files.writeString(folder.resolve("whale.mp4"), "before");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
    write(file, "whale");
    assertThat(file).hasContent("whale");
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
  }

  @Test
  void a_link_stays_and_what_it_names_is_written() throws IOException {
    Path place = Files.createDirectory(folder.resolve("place"));
    for (String named : new String[] {"there.mp4", "new.mp4"}) {
      Path link = Files.createSymbolicLink(folder.resolve(named), Path.of("place", named));
      if (named.startsWith("there")) {
        Files.writeString(place.resolve(named), "before");
      }
      write(link, "whale");
      assertThat(link).isSymbolicLink();
      assertThat(place.resolve(named)).hasContent("whale");
    }
    Path round = folder.resolve("round.mp4");
    Files.createSymbolicLink(round, round);
    assertThatThrownBy(() -> OutputFile.at(round)).isInstanceOf(DeployException.class);
  }

  @Test
  void a_pipe_is_written_into() throws Exception {
    Path pipe = folder.resolve("whale.mp4");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    CompletableFuture<String> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readString(pipe);
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    write(pipe, "whale");
    assertThat(read.get(1, TimeUnit.MINUTES)).isEqualTo("whale");
    assertThat(Files.readAttributes(pipe, "isOther", LinkOption.NOFOLLOW_LINKS))
        .containsEntry("isOther", true);
  }

  @Test
  void what_breaks_off_leaves_the_file_as_it_was_and_nothing_else() throws IOException {
    Path file = Files.writeString(folder.resolve("whale.mp4"), "before");
    assertThatThrownBy(
            () ->
                OutputFile.at(file)
                    .write(
                        out -> {
                          out.write('w');
                          throw new IOException("broken off");
                        }))
        .hasMessage("broken off");
    assertThat(file).hasContent("before");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  private static void write(Path file, String text) throws IOException {
    OutputFile.at(file).write(out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }
}
