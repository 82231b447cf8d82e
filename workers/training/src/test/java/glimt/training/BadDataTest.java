package glimt.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.training.recipe.TrainingException;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks the messages about missing or damaged data before training starts. */
class BadDataTest {
  private static final Path CLIPS = Path.of("../models/tiles/recipe.json");
  private static final Path OBJECTS = Path.of("../models/objects/recipe.json");

  @TempDir Path data;
  @TempDir Path out;

  @Test
  void a_folder_that_is_not_there_is_named() {
    refused(CLIPS, data.resolve("nowhere"))
        .hasMessageContaining(data.resolve("nowhere").toString());
    refused(OBJECTS, data.resolve("nowhere")).hasMessageContaining("objects4096.npz");
  }

  @Test
  void a_folder_without_archives_is_told_how_to_get_one() {
    refused(CLIPS, data)
        .hasMessageContaining("no archive (*.tgz)")
        .hasMessageContaining("npm pack");
  }

  @Test
  void an_archive_that_is_broken_off_is_named() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      byte[] picture = new byte[50_000];
      new Random(1).nextBytes(picture);
      TarArchiveEntry entry = new TarArchiveEntry("package/assets/1f433.webp");
      entry.setSize(picture.length);
      tar.putArchiveEntry(entry);
      tar.write(picture);
      tar.closeArchiveEntry();
    }
    byte[] whole = bytes.toByteArray();
    Files.write(data.resolve("anim.tgz"), Arrays.copyOf(whole, whole.length / 2));
    refused(CLIPS, data).hasMessageContaining("anim.tgz").hasMessageContaining("download it again");

    Files.write(data.resolve("anim.tgz"), whole);
    refused(CLIPS, data).hasMessageContaining("1f433.webp").hasMessageContaining("WebP");
  }

  @Test
  void arrays_that_are_broken_off_are_named() throws Exception {
    Files.write(data.resolve("objects4096.npz"), new byte[] {'P', 'K', 3, 4, 20, 0, 0, 0});
    refused(OBJECTS, data).hasMessageContaining("objects4096.npz");
  }

  @Test
  void an_empty_vocabulary_is_refused() throws Exception {
    String recipe = Files.readString(CLIPS);
    int from = recipe.indexOf("\"subjects\": [");
    Path wordless = data.resolve("recipe.json");
    Files.writeString(
        wordless,
        recipe.substring(0, from)
            + "\"subjects\": ["
            + recipe.substring(recipe.indexOf(']', from)));
    refused(wordless, data).hasMessageContaining("a grammar needs subjects");
  }

  @Test
  void a_dataset_nobody_knows_is_refused_with_those_there_are() throws Exception {
    Path other = data.resolve("recipe.json");
    Files.writeString(
        other, Files.readString(CLIPS).replace("\"dataset\": \"clips\"", "\"dataset\": \"cats\""));
    refused(other, data).hasMessageContaining("no dataset 'cats'").hasMessageContaining("objects");
  }

  private AbstractThrowableAssert<?, ?> refused(Path recipe, Path folder) {
    AbstractThrowableAssert<?, ?> refusal =
        assertThatThrownBy(
            () -> new Training(recipe, folder, out).train(null, false, new Unheard(), () -> false));
    assertThat(out).isEmptyDirectory();
    return refusal.isInstanceOf(TrainingException.class);
  }

  private static final class Unheard implements TrainingObserver {
    @Override
    public void now(String line) {}

    @Override
    public void done(String line) {}
  }
}
