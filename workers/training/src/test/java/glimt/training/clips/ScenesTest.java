package glimt.training.clips;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import glimt.metrics.Clips;
import glimt.model.WordList.Reading;
import glimt.training.learning.Dataset.Batch;
import glimt.video.Enlargement;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ScenesTest {
  private final Grammar grammar = GivenScenes.grammar();
  private final Renderer renderer = GivenScenes.squares(grammar);
  private final SplittableRandom random = new SplittableRandom(7);

  @Test
  void every_caption_is_understood_and_names_its_subject_and_hardly_ever_leaves_the_rest_open() {
    List<String> words = grammar.vocabulary().words();
    int whole = 0;
    for (int i = 0; i < 500; i++) {
      Scene scene = grammar.scene(false, random);
      Reading reading = grammar.vocabulary().read(grammar.caption(scene, random));

      assertThat(reading.warnings()).isEmpty();
      assertThat(reading.tokens())
          .contains(1 + words.indexOf(grammar.subjects().get(scene.subject()).word()));
      List<Integer> rest =
          List.of(
              1 + words.indexOf(grammar.motions().get(scene.motion()).word()),
              1 + words.indexOf(grammar.colours().get(scene.colour()).word()));
      whole += reading.tokens().containsAll(rest) ? 1 : 0;
    }
    assertThat(whole).isBetween(400, 480);
  }

  @Test
  void what_grows_is_larger_at_the_end_what_shrinks_is_smaller_and_what_spins_keeps_its_size() {
    assertThat(covered("grows", 23)).isGreaterThan(3 * covered("grows", 0));
    assertThat(covered("shrinks", 0)).isGreaterThan(3 * covered("shrinks", 23));
    assertThat(covered("spins", 12))
        .isBetween(0.9 * covered("spins", 0), 1.1 * covered("spins", 0));
  }

  @Test
  void what_spins_is_turned_by_an_eighth_after_an_eighth_of_a_turn() {
    // The extent of a square that fills half its sprite is the share, and sqrt 2 times that if
    // rotated.
    double straight = reach("spins", 0);
    int eighth = (int) Math.round(23 / 8.0 / 0.875);
    assertThat(reach("spins", eighth) / straight).isBetween(1.3, 1.5);
  }

  private double covered(String motion, int number) {
    float[] frame = frame(motion, number);
    int count = 0;
    for (int i = 0; i < 64 * 64; i++) {
      count += Math.abs(frame[i] - frame[0]) > 0.3 ? 1 : 0;
    }
    return count;
  }

  private double reach(String motion, int number) {
    float[] frame = frame(motion, number);
    int first = 64;
    int last = 0;
    for (int i = 0; i < 64 * 64; i++) {
      if (Math.abs(frame[i] - frame[0]) > 0.3) {
        first = Math.min(first, i % 64);
        last = Math.max(last, i % 64);
      }
    }
    return last - first + 1;
  }

  /** One frame of a small bright square in the middle of a black picture. */
  private float[] frame(String word, int number) {
    int motion = grammar.motions().stream().map(Grammar.Motion::word).toList().indexOf(word);
    Scene scene = new Scene(0, motion, 0, 0, 0.5, 0, 0, 1, 0, 0, 0, 0);
    return renderer.render(scene, number, 1, 1, 64);
  }

  @Test
  void one_combination_in_ten_is_held_out_and_never_trained_on() {
    Set<List<Integer>> trained = new HashSet<>();
    Set<List<Integer>> held = new HashSet<>();
    for (int i = 0; i < 5000; i++) {
      Scene seen = grammar.scene(false, random);
      Scene kept = grammar.scene(true, random);
      trained.add(List.of(seen.subject(), seen.motion(), seen.colour()));
      held.add(List.of(kept.subject(), kept.motion(), kept.colour()));
    }
    assertThat(trained).doesNotContainAnyElementsOf(held);
    assertThat(held.size() / (double) (trained.size() + held.size())).isBetween(0.07, 0.13);
  }

  @Test
  void what_moves_left_is_drawn_moving_left_over_its_colour() {
    for (int motion = 0; motion < grammar.motions().size(); motion++) {
      Scene scene = grammar.scene(0, motion, 4, random);
      float[] clip = renderer.render(scene, 0, 3, 8, 16);

      Clips.Displacement way = Clips.way(clip, 16).direction();
      assertThat(way.x()).isEqualTo(grammar.motions().get(motion).x());
      assertThat(way.y()).isEqualTo(grammar.motions().get(motion).y());
      assertThat(Clips.border(clip, 16))
          .containsExactly(2 * scene.red() - 1, 2 * scene.green() - 1, 2 * scene.blue() - 1);
    }
  }

  @Test
  void a_batch_is_a_function_of_its_generator() {
    ClipData data = data("spatial", 9, 40, 0.1);
    Batch one = data.batch(3, new SplittableRandom(5));
    Batch other = data.batch(3, new SplittableRandom(5));
    assertThat(one.x().floats()).isEqualTo(other.x().floats());
    assertThat(one.words().longs()).isEqualTo(other.words().longs());
  }

  @Test
  void an_upsampler_learns_the_residual_over_the_plain_enlargement() {
    Batch batch = data("temporal", 12, 16, 0).batch(1, new SplittableRandom(1));
    float[] residual = batch.x().floats();
    int frame = 3 * 16 * 16;
    // The residual is zero at key frames, which are given, and not zero between them.
    assertThat(sum(residual, 0, frame)).isZero();
    assertThat(sum(residual, 3 * frame, 4 * frame)).isZero();
    assertThat(sum(residual, 0, residual.length)).isPositive();
  }

  @Test
  void a_part_of_a_picture_is_drawn_as_in_the_whole() {
    Scene scene = grammar.scene(0, 1, 4, random);
    float[] whole = renderer.render(scene, 2, 3, 2, 64);
    float[] part = renderer.render(scene, 2, 3, 2, 64, new Renderer.Crop(8, 20, 32, 24));
    for (int plane = 0; plane < 6; plane++) {
      for (int row = 0; row < 32; row++) {
        int from = (plane * 64 + 8 + row) * 64 + 20;
        int to = (plane * 32 + row) * 24;
        assertThat(Arrays.copyOfRange(part, to, to + 24))
            .containsExactly(Arrays.copyOfRange(whole, from, from + 24));
      }
    }
  }

  @Test
  void a_tile_s_ground_is_the_level_below_drawn_larger_as_a_job_draws_it() {
    // The sum of ground and residual is a tile of the sharp clip; the ground alone is the enlarged
    // clip.
    Batch batch = data("detail", 9, 72, 0).batch(1, new SplittableRandom(3));
    float[] ground = requireNonNull(batch.below()).floats();
    float[] residual = batch.x().floats();
    for (int i = 0; i < ground.length; i++) {
      assertThat(ground[i] + residual[i]).isBetween(-1.0001f, 1.0001f);
    }
    assertThat(sum(residual, 0, residual.length)).isPositive();
  }

  @Test
  void shrinking_undoes_the_enlargement_of_flat_pictures() {
    float[] flat = new float[3 * 16 * 16];
    Arrays.fill(flat, 0.25f);
    assertThat(ClipData.shrunk(Enlargement.inSpace(flat, 16, 16, 4), 64, 64, 4)).isEqualTo(flat);
  }

  private ClipData data(String level, int window, int tile, double noise) {
    return new ClipData(
        grammar, renderer, new ClipData.LevelScenes(level, window, tile, noise, 0), false);
  }

  private static double sum(float[] values, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Math.abs(values[i]);
    }
    return sum;
  }
}
