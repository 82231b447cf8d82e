package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.training.recipe.TrainingException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NpyTest {
  private static final byte[] FILE =
      SmallObjects.npy("|u1", "(2, 3)", new byte[] {1, 2, 3, 4, 5, (byte) 255});

  @Test
  void an_array_is_read_as_it_was_saved() {
    Npy array = Npy.parse(FILE, "it");
    assertThat(array.shape()).isEqualTo(List.of(2, 3));
    assertThat(array.at(2)).isEqualTo(3);
    assertThat(array.at(5)).isEqualTo(255);
  }

  @Test
  void half_precision_is_widened() {
    byte[] one = {0x00, 0x3C, 0x00, (byte) 0xC0};
    Npy array = Npy.parse(SmallObjects.npy("<f2", "(2,)", one), "it");
    assertThat(array.at(0)).isEqualTo(1);
    assertThat(array.at(1)).isEqualTo(-2);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 8, 9, 10, 40, 70})
  void a_cut_file_is_refused(int length) {
    assertThatThrownBy(() -> Npy.parse(Arrays.copyOf(FILE, length), "it"))
        .isInstanceOf(TrainingException.class)
        .hasMessageStartingWith("it ");
  }

  @Test
  void a_shape_that_lies_is_refused() {
    assertThatThrownBy(() -> Npy.parse(SmallObjects.npy("|u1", "(2, 4)", new byte[6]), "it"))
        .isInstanceOf(TrainingException.class)
        .hasMessage("it of shape [2, 4] needs 8 bytes, but has 6");
  }

  @Test
  void a_type_that_is_not_known_is_named() {
    assertThatThrownBy(() -> Npy.parse(SmallObjects.npy("<c16", "(1,)", new byte[16]), "it"))
        .isInstanceOf(TrainingException.class)
        .hasMessage("it has the unsupported type <c16; use float16, float32 or uint8");
  }

  @Test
  void a_missing_file_and_a_missing_array_are_named(@TempDir Path folder) {
    Path npz = folder.resolve("objects4096.npz");
    assertThatThrownBy(() -> Npy.read(npz, "points"))
        .hasMessage("the file " + npz + " does not exist");
    SmallObjects.write(folder);
    assertThatThrownBy(() -> Npy.read(npz, "normals")).hasMessage(npz + " has no array 'normals'");
  }
}
