package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.json.Json;
import glimt.pipeline.Lexicon.Meanings;
import glimt.pipeline.Lexicon.NameKind;
import glimt.pipeline.Lexicon.NameList;
import glimt.pipeline.Lexicon.NamedThing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Meanings here are directions that a table gives; the texts of an encoder are another test's. */
class LexiconTest {
  private static final NameList NAMES =
      new NameList(
          List.of(
              new NameKind(
                  "subject",
                  List.of("a %s"),
                  0.5,
                  3,
                  false,
                  false,
                  false,
                  false,
                  List.of(
                      new NamedThing("a dog", List.of("dog", "hound"), List.of()),
                      new NamedThing("a race car", List.of("race car", "red car"), List.of()))),
              new NameKind(
                  "motion",
                  List.of("%s"),
                  0.5,
                  4,
                  true,
                  false,
                  false,
                  false,
                  List.of(
                      new NamedThing("moves left", List.of("moves left", "going left"), List.of()),
                      new NamedThing("spins", List.of("spins", "goes in a circle"), List.of()))),
              new NameKind(
                  "background",
                  List.of("%s"),
                  0.5,
                  2,
                  false,
                  true,
                  false,
                  false,
                  List.of(
                      new NamedThing("on a red background", List.of("red"), List.of()),
                      new NamedThing("on a blue background", List.of("blue"), List.of("sea"))))),
          List.of("picture", "round"),
          Set.of("a", "the", "on", "in", "which", "and"));

  /** The direction of each text in degrees; all others stand upright on that plane. */
  private static final Map<String, Double> DIRECTIONS =
      Map.of(
          "a dog", 0.0,
          "a puppy", 20.0,
          "a picture", 90.0,
          "a canvas", 85.0,
          "moves left", 180.0,
          "heads westwards", 190.0,
          "spins", 270.0,
          "goes round and round", 280.0);

  private final List<String> asked = new ArrayList<>();

  private final Meanings meanings =
      texts -> {
        asked.addAll(texts);
        return texts.stream().map(LexiconTest::direction).toList();
      };

  private static float[] direction(String text) {
    Double degrees = DIRECTIONS.get(text);
    float[] vector = new float[40];
    if (degrees == null) {
      vector[2 + Math.floorMod(text.hashCode(), 38)] = 1;
    } else {
      vector[0] = (float) Math.cos(Math.toRadians(degrees));
      vector[1] = (float) Math.sin(Math.toRadians(degrees));
    }
    return vector;
  }

  private Understood read(String prompt) {
    return read(NAMES, prompt);
  }

  private Understood read(NameList names, String prompt) {
    Safetensors tensors = Lexicon.tensors(names, meanings);
    asked.clear();
    return Lexicon.of("names", _ -> Json.write(names), _ -> tensors).read(prompt, meanings);
  }

  private static NamedThing thing(String said, String... names) {
    return new NamedThing(said, List.of(names), List.of());
  }

  /** A lexicon of things whose colours are adjectives. */
  private static final NameList OBJECTS =
      new NameList(
          List.of(
              new NameKind(
                  "object",
                  List.of("a %s"),
                  0.5,
                  3,
                  false,
                  false,
                  true,
                  false,
                  List.of(
                      thing("a rock", "stone", "rock"),
                      thing("a column", "column", "pillar"),
                      thing("grass", "grass"),
                      thing("a cloud", "cloud"))),
              new NameKind(
                  "colour",
                  List.of("%s"),
                  0.5,
                  2,
                  false,
                  true,
                  false,
                  true,
                  List.of(thing("red", "red"), thing("orange", "orange")))),
          List.of("point cloud"),
          Set.of("a", "of", "in", "some"));

  @Test
  void adjectives_stand_between_the_article_and_the_name() {
    assertThat(read(OBJECTS, "a shimmering pillar in orange").text()).isEqualTo("an orange column");
    assertThat(read(OBJECTS, "some tall grass in red").text()).isEqualTo("red grass");
    assertThat(read(OBJECTS, "a weathered rock").text()).isEqualTo("a rock");
  }

  @Test
  void of_names_side_by_side_the_last_says_what_is_meant() {
    assertThat(read(OBJECTS, "a mighty stone pillar").text()).isEqualTo("a column");
    assertThat(read(OBJECTS, "a mighty stone in a pillar").text()).isEqualTo("a rock");
  }

  @Test
  void a_name_that_is_none_of_the_things_draws_none_of_its_words() {
    assertThat(read(OBJECTS, "a point cloud of a rock").text()).isEqualTo("a rock");
    assertThat(read(OBJECTS, "a point cloud of a cloud").text()).isEqualTo("a cloud");
    assertThat(read(OBJECTS, "a point cloud of grass").notes())
        .containsExactly(
            "the prompt has words that no caption of training had, so it was read as \"grass\"");
  }

  @Test
  void a_prompt_in_known_words_is_encoded_as_it_is_and_costs_nothing() {
    assertThat(read("A dog moves left, on red!"))
        .isEqualTo(new Understood("A dog moves left, on red!", List.of()));
    assertThat(asked).isEmpty();
    assertThat(read("").text()).isEmpty();
    assertThat(read("🐳 123").text()).isEqualTo("🐳 123");
  }

  @Test
  void unknown_words_become_the_names_that_are_nearest_in_meaning() {
    Understood read = read("the puppy heads westwards on red");
    assertThat(read.text()).isEqualTo("a dog moves left on a red background");
    assertThat(read.notes())
        .containsExactly(
            "the prompt has words that no caption of training had, so it was read as"
                + " \"a dog moves left on a red background\":"
                + " \"puppy\" as \"dog\", \"heads westwards\" as \"moves left\"");
  }

  @Test
  void known_words_in_a_new_order_can_name_a_motion_but_nothing_else() {
    assertThat(read("a puppy which goes round and round").text()).isEqualTo("a dog spins");
  }

  @Test
  void the_longest_known_name_counts_and_the_word_before_a_colour_belongs_to_it() {
    assertThat(read("a shiny red car on navy blue").text())
        .isEqualTo("a race car on a blue background");
    assertThat(asked).doesNotContain("navy", "a navy");
  }

  @Test
  void a_name_that_no_caption_had_is_put_into_another() {
    assertThat(read("a dog in the sea").text()).isEqualTo("a dog on a blue background");
    assertThat(asked).as("texts of this name").doesNotContain("sea", "a sea");
  }

  @Test
  void a_word_that_is_nearer_to_one_without_a_thing_names_nothing() {
    Understood read = read("a dog on canvas");
    assertThat(read.text()).isEqualTo("a dog");
    assertThat(read.notes().getLast())
        .isEqualTo("no name that the model knows is near \"canvas\", so it has no effect");
  }

  @Test
  void without_a_subject_the_prompt_is_left_as_it_is_and_the_client_is_told() {
    Understood read = read("xylophone on red");
    assertThat(read.text()).isEqualTo("xylophone on red");
    assertThat(read.notes())
        .containsExactly(
            "no name that the model knows is near \"xylophone\"; the prompt is read as it is");
  }

  @Test
  void words_of_other_scripts_are_not_guessed() {
    assertThat(read("鲸鱼").notes())
        .containsExactly(
            "no name that the model knows is near \"鲸鱼\"; the prompt is read as it is");
    assertThat(asked).isEmpty();
  }

  @Test
  void a_long_prompt_costs_no_more_than_its_first_48_words() {
    read("zig ".repeat(1000));
    assertThat(asked).hasSizeLessThan(48 * 9 + 1);
  }

  @Test
  void files_that_do_not_belong_together_are_refused() {
    Safetensors none = new Safetensors(Map.of());
    assertThatThrownBy(() -> Lexicon.of("names", _ -> Json.write(NAMES), _ -> none))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("the lexicon names.json")
        .hasMessageContaining("4 rows of subject");
  }
}
