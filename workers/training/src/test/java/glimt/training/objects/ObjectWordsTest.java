package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.training.words.CaptionGrammar;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
  void a_name_in_a_state_follows_the_names_of_classes_and_kinds() {
    List<CaptionGrammar.Noun> subjects = words.grammar().subjects();
    int pine = words.read("nature", "PineTree_3").orElseThrow().ofClass();
    assertThat(subjects.get(words.named(pine, Optional.empty())).word()).isEqualTo("pine tree");
    assertThat(subjects.get(words.named(pine, Optional.of("snowy"))).word())
        .isEqualTo("snowy pine tree");
    var shark = words.read("fish", "Shark").orElseThrow();
    assertThat(subjects.get(words.ofKind(shark.kind())).word()).isEqualTo("shark");
  }

  @Test
  void a_name_is_either_learnt_or_held_out() {
    Set<String> learnt = new HashSet<>();
    Set<String> heldOut = new HashSet<>();
    for (CaptionGrammar.Noun noun : words.grammar().subjects()) {
      learnt.add(noun.word());
      learnt.addAll(noun.synonyms());
      heldOut.addAll(noun.heldOut());
    }
    assertThat(heldOut).hasSizeGreaterThan(50).doesNotContainAnyElementsOf(learnt);
    assertThat(words.heldOutPhrasings()).doesNotContainAnyElementsOf(words.phrasings());
  }
}
