package glimt.training.words;

import static glimt.training.words.CaptionEncoder.LENGTH;
import static glimt.training.words.CaptionEncoder.WIDTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import glimt.bundle.Tokenizer.Tokens;
import glimt.training.recipe.TrainingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CaptionStatesTest {
  private static final Path BUNDLE = Path.of("../models/pictures");

  @Test
  void captions_encoded_together_have_the_states_that_each_has_alone() {
    List<String> captions = new ArrayList<>();
    for (int i = 0; i < 70; i++) {
      captions.add("a cat".repeat(1 + i % 3) + " on paper number " + i + " of ".repeat(i % 7));
    }
    try (CaptionEncoder encoder = CaptionEncoder.of(BUNDLE, BUNDLE)) {
      CaptionStates states = CaptionStates.of(encoder, captions);
      assertThat(states.size()).isEqualTo(70);
      for (int i : new int[] {0, 33, 69}) {
        Tokens alone = encoder.read(captions.get(i));
        float[] expected = encoder.states(List.of(alone), LENGTH);
        float[] found = states.states(i);
        assertThat(states.tokens(i)).isEqualTo(alone.read());
        assertThat(found).hasSize(LENGTH * WIDTH);
        for (int j = 0; j < found.length; j++) {
          assertThat(found[j]).isCloseTo(expected[j], within(0.01f)); // float16 rounds
        }
      }
      float[] both = states.states(69, 0);
      assertThat(both).startsWith(states.states(69)).endsWith(states.states(0));
    }
  }

  @Test
  void a_missing_file_is_named() {
    assertThatThrownBy(() -> CaptionEncoder.of(BUNDLE, Path.of("nowhere")))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("tokenizer.json");
  }

  @Test
  void noise_on_words_is_as_large_as_asked_and_leaves_padding_alone() {
    float[] states = new float[40_000];
    for (int i = 0; i < 30_000; i++) {
      states[i] = i % 2 == 0 ? 3 : -3;
    }
    float[] before = states.clone();

    CaptionStates.disturb(states, 0.2, new SplittableRandom(5));

    double sum = 0;
    for (int i = 0; i < 30_000; i++) {
      sum += Math.pow(states[i] - before[i], 2);
    }
    assertThat(Math.sqrt(sum / 30_000)).isCloseTo(0.2 * 3, within(0.02));
    for (int i = 30_000; i < states.length; i++) {
      assertThat(states[i]).isZero();
    }
  }
}
