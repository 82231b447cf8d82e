package glimt.training.motions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Clips of an L of two colours, which is drawn anew for each frame. */
class TrackedTest {
  private static final int SIDE = 128;
  private static final int FRAME = 3 * SIDE * SIDE;
  private static final int FRAMES = 12;

  @Test
  void a_way_and_a_size_are_measured_in_halves_of_the_side_and_in_sides() {
    float[] clip = ground();
    for (int frame = 0; frame < FRAMES; frame++) {
      draw(clip, frame, -0.3 + 0.05 * frame, 0.1, frame == FRAMES - 2 ? 31 : 20, 0);
    }
    Tracked tracked = Tracked.of(clip, SIDE);
    assertThat(tracked.x()[FRAMES - 1] - tracked.x()[0]).isEqualTo(0.05 * 11, within(0.02));
    assertThat(tracked.y()[FRAMES - 1]).isEqualTo(tracked.y()[0], within(0.02));
    assertThat(tracked.size()[FRAMES - 2] / tracked.size()[0]).isEqualTo(31 / 20.0, within(0.03));
    assertThat(tracked.turns()).containsOnly(0);
    assertThat(tracked.ground()).containsExactly(0.2f, -0.4f, 0.6f);
  }

  @Test
  void turns_are_followed_beyond_a_whole_one_and_against_the_clock() {
    for (double each : new double[] {0.05, -0.1 / 3}) {
      float[] clip = ground();
      for (int frame = 0; frame < FRAMES; frame++) {
        draw(clip, frame, 0, 0, 24, each * frame);
      }
      Tracked tracked = Tracked.of(clip, SIDE);
      assertThat(tracked.turns()[FRAMES - 1]).isEqualTo(each * (FRAMES - 1), within(0.02));
    }
  }

  @Test
  void a_subject_is_cut_out_alike_wherever_it_is_and_however_it_is_turned() {
    float[] clip = ground();
    draw(clip, 0, 0, 0, 30, 0);
    draw(clip, 1, 0.3, -0.2, 22, 0.2);
    float[] colour = {0.2f, -0.4f, 0.6f};
    float[] first = Closeup.of(clip, 0, SIDE, colour, 0);
    float[] other = Closeup.of(clip, FRAME, SIDE, colour, 0.2);
    double apart = 0;
    double nothing = 0;
    for (int i = 0; i < first.length; i++) {
      int channel = i / (Closeup.SIDE * Closeup.SIDE);
      apart += Math.abs(first[i] - other[i]);
      nothing += Math.abs(first[i] - colour[channel]);
    }
    assertThat(apart / nothing).isLessThan(0.2);
  }

  @Test
  void a_sighting_is_the_same_after_it_was_kept() {
    float[] clip = ground();
    draw(clip, 0, 0.2, 0, 24, 0);
    float[] values = Sighting.of(clip, SIDE).values();
    assertThat(Sighting.of(values).values()).isEqualTo(values);
  }

  private static float[] ground() {
    float[] clip = new float[FRAMES * FRAME];
    float[] colour = {0.2f, -0.4f, 0.6f};
    for (int i = 0; i < 3 * FRAMES; i++) {
      Arrays.fill(clip, i * SIDE * SIDE, (i + 1) * SIDE * SIDE, colour[i % 3]);
    }
    return clip;
  }

  /** An L in a square of 2 x half pixels, turned clockwise about the square's middle. */
  private static void draw(float[] clip, int frame, double x, double y, double half, double turns) {
    double cos = Math.cos(2 * Math.PI * turns);
    double sin = Math.sin(2 * Math.PI * turns);
    for (int p = 0; p < SIDE * SIDE; p++) {
      double u = (p % SIDE + 0.5 - (1 + x) * SIDE / 2) / half;
      int row = p / SIDE;
      double v = (row + 0.5 - (1 + y) * SIDE / 2) / half;
      double across = cos * u + sin * v;
      double down = cos * v - sin * u;
      boolean stem = Math.abs(across + 0.6) < 0.4 && Math.abs(down) < 1;
      boolean foot = Math.abs(across) < 1 && Math.abs(down - 0.7) < 0.3;
      if (stem || foot) {
        clip[frame * FRAME + p] = 1;
        clip[frame * FRAME + SIDE * SIDE + p] = stem ? 0.8f : -1;
        clip[frame * FRAME + 2 * SIDE * SIDE + p] = -1;
      }
    }
  }
}
