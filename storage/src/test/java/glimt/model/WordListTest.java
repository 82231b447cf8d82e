package glimt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WordListTest {
  private static final WordList WORDS =
      new WordList(
          List.of("whale", "tree", "christmas", "left", "blue"),
          Map.of("orca", List.of("whale"), "fir", List.of("christmas", "tree")),
          Set.of("a", "over", "moves"),
          4);

  @Test
  void known_words_become_their_numbers_in_the_order_of_the_prompt() {
    WordList.Reading reading = WORDS.read("A Whale moves LEFT, over-blue!");
    assertThat(reading.tokens()).containsExactly(1, 4, 5, 0);
    assertThat(reading.warnings()).isEmpty();
  }

  @Test
  void synonyms_stand_for_one_word_or_more() {
    assertThat(WORDS.read("orca fir").tokens()).containsExactly(1, 3, 2, 0);
  }

  @Test
  void an_unknown_word_is_told_once_with_the_nearest_known_ones() {
    WordList.Reading reading = WORDS.read("a wale and a wale, blue");
    assertThat(reading.tokens()).containsExactly(5, 0, 0, 0);
    assertThat(reading.warnings()).hasSize(2);
    assertThat(reading.warnings().getFirst())
        .contains("'wale'", "the nearest known words are whale,");
  }

  @Test
  void words_past_the_length_are_told() {
    WordList.Reading reading = WORDS.read("whale tree left blue whale");
    assertThat(reading.tokens()).containsExactly(1, 2, 4, 5);
    assertThat(reading.warnings())
        .containsExactly("the prompt has 5 known words, but the model reads only the first 4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "   ", "🐳", "a over", "1 2 3", "blå", "\u202eelahw"})
  void a_prompt_without_a_known_word_does_not_steer_and_says_so(String prompt) {
    WordList.Reading reading = WORDS.read(prompt);
    assertThat(reading.tokens()).containsExactly(0, 0, 0, 0);
    assertThat(reading.warnings()).last().asString().contains("does not steer");
  }

  @Test
  void a_long_prompt_is_read_in_no_time() {
    assertThat(WORDS.read("zz ".repeat(333)).warnings()).hasSize(2);
    assertThat(WORDS.read("z".repeat(1000)).tokens()).containsOnly(0);
  }

  @Test
  void a_vocabulary_that_cannot_be_is_refused() {
    assertThatThrownBy(() -> new WordList(List.of(), Map.of(), Set.of(), 4))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new WordList(List.of("x"), Map.of(), Set.of(), 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new WordList(List.of("x"), Map.of("y", List.of("z")), Set.of(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("z");
  }
}
