package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ObjectWordsTest {
  private final ObjectWords words = SmallObjects.recipe().words();

  @Test
  void a_file_name_becomes_a_class_and_a_state() {
    var meaning = words.read("nature", "PineTree_Snow_3").orElseThrow();
    assertThat(words.classes().get(meaning.ofClass()).name()).isEqualTo("pine tree");
    assertThat(meaning.states()).containsExactly("snowy");
    assertThat(meaning.family())
        .isEqualTo(words.read("nature", "PineTree_3").orElseThrow().family());
  }

  @Test
  void the_first_class_that_fits_wins() {
    var meaning = words.read("nature", "BirchTree_Dead_1").orElseThrow();
    assertThat(words.classes().get(meaning.ofClass()).name()).isEqualTo("dead tree");
  }

  @Test
  void names_that_say_nothing_are_left_out() {
    assertThat(words.read("platformer", "Details")).isEmpty();
    assertThat(words.read("cute fish", "FishingRod_Lvl1")).isEmpty();
  }

  @Test
  void every_class_state_and_colour_can_be_prompted() {
    var vocabulary = words.vocabulary();
    assertThat(vocabulary.read("a pine tree").warnings()).isEmpty();
    assertThat(vocabulary.read("a red crystal").warnings()).isEmpty();
    assertThat(vocabulary.read("a snowy boulder").tokens())
        .isEqualTo(vocabulary.read("snowy rock").tokens());
    words.classes().forEach(one -> assertThat(vocabulary.read(one.name()).warnings()).isEmpty());
  }
}
