package glimt.video;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EnlargementTest {

  @Test
  void frames_between_two_keys_are_mixed_and_the_last_key_is_held() {
    assertThat(Enlargement.inTime(new float[] {0, 3}, 1, 3, 6)).containsExactly(0, 1, 2, 3, 3, 3);
  }

  @Test
  void a_slope_stays_a_slope_between_pixel_centres_and_is_held_beyond_them() {
    assertThat(Enlargement.inSpace(new float[] {0, 4}, 1, 2, 2)).hasSize(8).startsWith(0, 1, 3, 4);
  }

  @Test
  void a_flat_plane_stays_flat_whatever_the_factor() {
    assertThat(Enlargement.inSpace(new float[] {7, 7, 7, 7, 7, 7}, 2, 3, 4))
        .hasSize(96)
        .containsOnly(7);
  }
}
