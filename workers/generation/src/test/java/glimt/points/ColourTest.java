package glimt.points;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ColourTest {
  @ParameterizedTest
  @EnumSource(Colour.class)
  void a_typical_colour_has_its_own_name(Colour colour) {
    float[] rgb = colour.rgb();
    assertThat(Colour.of(rgb[0], rgb[1], rgb[2])).isEqualTo(colour);
  }

  @Test
  void the_colour_of_most_points_dominates() {
    float[] cloud = {
      0, 0, 0, 1, 0, 0, //
      0, 0, 0, 0, 0, 1, //
      0, 0, 0, 0.9f, 0.1f, 0.1f, //
      0, 0, 0, 1, 1, 1
    };
    assertThat(Colour.dominant(cloud)).isEqualTo(new Colour.Dominant(Colour.RED, 0.5));
  }
}
