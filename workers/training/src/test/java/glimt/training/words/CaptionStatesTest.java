package glimt.training.words;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CaptionStatesTest {
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
