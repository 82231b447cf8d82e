package glimt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.json.Json;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClassNamesTest {
  private static final ClassNames CLASSES =
      new ClassNames(
          Map.of("tench", 0, "Tinca tinca", 0, "retriever", 4, "golden retriever", 2), 5);

  @ParameterizedTest
  @CsvSource({
    "tench, 0",
    "TINCA  TINCA, 0",
    "retriever, 4",
    "golden retriever, 2",
    "Golden-Retriever!, 2",
    "3, 3"
  })
  void a_name_or_a_number_is_read_without_a_warning(String prompt, int id) {
    assertThat(CLASSES.read(prompt))
        .isEqualTo(new ClassNames.ClassReading(id, java.util.List.of()));
  }

  @Test
  void the_longest_name_in_a_prompt_is_read_and_the_rest_is_told() {
    ClassNames.ClassReading reading = CLASSES.read("a golden retriever beside a tench");
    assertThat(reading.id()).isEqualTo(2);
    assertThat(reading.warnings())
        .containsExactly("the model reads only the class 'golden retriever' of the prompt");
  }

  @Test
  void without_a_known_class_there_is_none_and_the_nearest_names_are_told() {
    ClassNames.ClassReading reading = CLASSES.read("trench");
    assertThat(reading.id()).isEqualTo(5);
    assertThat(reading.warnings().getFirst())
        .contains("none of the model's classes", "the nearest names are tench,");
    assertThat(CLASSES.read("5").warnings().getFirst()).contains("0 to 4, but no 5");
    assertThat(CLASSES.read("").id()).isEqualTo(5);
    assertThat(new ClassNames(Map.of(), 7).read("dog").warnings().getFirst())
        .contains("they are the numbers 0 to 6");
  }

  @Test
  void names_of_other_classes_are_refused() {
    assertThatThrownBy(() -> new ClassNames(Map.of("dog", 5), 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("from 0 to 4");
  }

  @Test
  void readers_survive_json() {
    assertThat(Json.read(Json.write(CLASSES), ClassNames.class)).isEqualTo(CLASSES);
    PromptReader none = new NoPrompt();
    assertThat(Json.read(Json.write(none), PromptReader.class)).isEqualTo(none);
    assertThat(none.warnings("a cat").getFirst()).contains("reads no prompt");
    assertThat(none.warnings(" ")).isEmpty();
  }
}
