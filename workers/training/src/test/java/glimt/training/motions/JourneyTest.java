package glimt.training.motions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.json.Json;
import glimt.training.recipe.Recipe;
import glimt.training.words.CaptionGrammar;
import glimt.training.words.CaptionGrammar.Movement;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class JourneyTest {
  private static final int EACH = 100;
  private static List<Movement> motions = List.of();

  @BeforeAll
  static void read() throws Exception {
    JsonNode recipe = Json.mapper().readTree(Path.of("../models/clips/recipe.json").toFile());
    motions = Recipe.part(recipe.at("/data/pictures/grammar"), CaptionGrammar.class).motions();
  }

  @Test
  void a_journey_goes_where_its_motion_says_and_hardly_aside() {
    for (Movement motion : motions) {
      SplittableRandom random = new SplittableRandom(1);
      for (int i = 0; i < EACH; i++) {
        Journey journey = Journey.drawn(motion, random);
        double across = journey.x()[Journey.FRAMES - 1] - journey.x()[0];
        double down = journey.y()[Journey.FRAMES - 1] - journey.y()[0];
        assertThat(Integer.signum((int) Math.round(across * 10))).isEqualTo(motion.x());
        assertThat(Integer.signum((int) Math.round(down * 10))).isEqualTo(motion.y());
        assertThat(journey.size()[Journey.FRAMES - 1] / journey.size()[0])
            .isEqualTo(motion.to() / motion.from(), within(1e-9));
        assertThat(journey.turns()[Journey.FRAMES - 1]).isEqualTo(motion.turns(), within(1e-9));
      }
    }
  }

  @Test
  void what_stands_still_does_not_move_at_all() {
    Journey journey = Journey.drawn(motions.getFirst(), new SplittableRandom(2));
    float[] values = journey.values();
    for (int i = 0; i < values.length; i++) {
      assertThat(values[i]).isEqualTo(values[i % Journey.VALUES]);
    }
  }

  @Test
  void a_subject_that_spins_keeps_its_size() {
    Movement spins =
        motions.stream().filter(motion -> motion.turns() > 0.5).findFirst().orElseThrow();
    float[] values = Journey.drawn(spins, new SplittableRandom(3)).values();
    double size = Math.hypot(values[2], values[3]);
    for (int frame = 0; frame < Journey.FRAMES; frame++) {
      assertThat(Math.hypot(values[frame * 4 + 2], values[frame * 4 + 3]))
          .isEqualTo(size, within(1e-6));
    }
  }

  @Test
  void the_motion_of_a_journey_is_named_by_the_nearest_that_are_known() {
    KnownMotions known = KnownMotions.of(motions);
    SplittableRandom random = new SplittableRandom(4);
    int right = 0;
    for (int i = 0; i < EACH * motions.size(); i++) {
      int motion = i % motions.size();
      right += known.of(Journey.drawn(motions.get(motion), random)) == motion ? 1 : 0;
    }
    assertThat((double) right / (EACH * motions.size())).isGreaterThan(0.99);
  }
}
