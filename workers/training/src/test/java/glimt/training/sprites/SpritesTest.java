package glimt.training.sprites;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.training.recipe.TrainingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpritesTest {
  @Test
  void a_data_folder_without_the_clips_is_refused_by_the_names_of_what_is_missing(
      @TempDir Path folder) throws Exception {
    assertThatThrownBy(() -> Sprites.read(folder, List.of("1f433")))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("there is no archive");
    Files.writeString(folder.resolve("broken.tgz"), "this is no archive");
    assertThatThrownBy(() -> Sprites.read(folder, List.of("1f433")))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("broken.tgz");
    assertThatThrownBy(() -> AnimatedWebp.frames("x.webp", new byte[40]))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("x.webp");
  }
}
