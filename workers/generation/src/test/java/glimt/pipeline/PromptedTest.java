package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PromptedTest {
  private static final Port.Places PLACES =
      new Port.Places(List.of(0.5, 32.0, 16.0), List.of(-0.25, 0.0, 0.0));

  @Test
  void a_port_is_told_where_each_position_lies() {
    Level level = level(List.of(Axis.whole("frames", 2), side("height", 1), side("width", 3)));
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> fed =
          new Prompted(Map.of(), Map.of())
              .conditions(
                  manager,
                  level,
                  level.sampling(),
                  () -> {
                    throw new IllegalStateException("there is no level below");
                  })
              .given();
      NDArray places = Objects.requireNonNull(fed.get("video_coords"));
      assertThat(places.getShape()).isEqualTo(new Shape(1, 3, 6));
      assertThat(places.toFloatArray())
          .containsExactly(
              0, 0, 0, 0.25f, 0.25f, 0.25f, // cut at 0, and half a second on
              0, 0, 0, 0, 0, 0, //
              0, 16, 32, 0, 16, 32);
    }
  }

  @Test
  void every_axis_has_places() {
    assertThatThrownBy(() -> level(List.of(side("height", 2), side("width", 2))))
        .hasMessageContaining("video_coords");
    assertThatThrownBy(() -> new Port.Places(List.of(1.0), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Axis side(String name, int extent) {
    return Axis.whole(name, extent);
  }

  private static Level level(List<Axis> axes) {
    return Level.edm(
        "base",
        axes,
        3,
        "base",
        0.5,
        List.of(Port.places("video_coords", PLACES)),
        List.of(),
        0,
        Sampling.karras("heun", 4, 0, 0.002, 80, 7));
  }
}
