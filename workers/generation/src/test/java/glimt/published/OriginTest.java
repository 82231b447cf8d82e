package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Origin;
import glimt.bundle.Safetensors.Tensor;
import org.junit.jupiter.api.Test;

class OriginTest {
  private final Tensor convolution = Tensor.of(new float[] {0, 1, 2, 3, 4, 5}, 2, 3, 1, 1);

  @Test
  void a_convolution_of_one_place_is_a_matrix() {
    Tensor matrix = Origin.matrix("conv").of(convolution);

    assertThat(matrix.shape()).containsExactly(2L, 3L);
    assertThat(matrix.floats()).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(Origin.matrix("conv").of(matrix).shape()).containsExactly(2L, 3L);
  }

  @Test
  void rows_are_taken_where_they_are() {
    Tensor row = Origin.rows("conv", 1, 1).of(convolution);

    assertThat(row.shape()).containsExactly(1L, 3L, 1L, 1L);
    assertThat(row.floats()).containsExactly(3, 4, 5);
    assertThatThrownBy(() -> Origin.rows("conv", 1, 2).of(convolution))
        .hasMessageContaining("conv has 2 rows, not 3");
  }
}
