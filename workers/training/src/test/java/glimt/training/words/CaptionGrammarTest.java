package glimt.training.words;

import static glimt.training.words.CaptionGrammar.UNSAID;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.json.Json;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import glimt.training.words.CaptionGrammar.ColourName;
import glimt.training.words.CaptionGrammar.Movement;
import glimt.training.words.CaptionGrammar.Noun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaptionGrammarTest {
  private static final JsonNode GIVEN =
      Recipe.read(Path.of("../models/pictures/recipe.json")).data().path("grammar");
  private static final CaptionGrammar GRAMMAR = Recipe.part(GIVEN, CaptionGrammar.class);

  @Test
  void the_grammar_is_as_rich_as_its_users_need() throws Exception {
    assertThat(GRAMMAR.subjects()).hasSizeGreaterThanOrEqualTo(160);
    assertThat(GRAMMAR.colours()).hasSizeGreaterThanOrEqualTo(12);
    assertThat(GRAMMAR.motions()).hasSizeGreaterThanOrEqualTo(8);
    assertThat(GRAMMAR.subjects().stream().filter(noun -> !noun.heldOut().isEmpty()).count())
        .isGreaterThanOrEqualTo(50);
    assertThat(GRAMMAR.phrasings().stream().filter(p -> !p.contains("{do")).count())
        .isGreaterThanOrEqualTo(30);
    assertThat(GRAMMAR.heldOutPhrasings().stream().filter(p -> !p.contains("{do")).count())
        .isGreaterThanOrEqualTo(8);
    Set<String> sprites = new HashSet<>();
    GRAMMAR.subjects().forEach(noun -> assertThat(sprites.add(noun.sprite())).isTrue());
  }

  @ParameterizedTest
  @CsvSource({"pictures,/grammar", "clips,/pictures/grammar"})
  void training_captions_contain_no_held_out_words(String bundle, String at) {
    JsonNode recipe = Recipe.read(Path.of("../models", bundle, "recipe.json")).data();
    CaptionGrammar grammar = Recipe.part(recipe.at(at), CaptionGrammar.class);
    List<String> heldOut = new ArrayList<>();
    grammar.subjects().forEach(noun -> heldOut.addAll(noun.heldOut()));
    grammar.colours().forEach(colour -> heldOut.addAll(colour.heldOut()));
    for (Movement motion : grammar.motions()) {
      heldOut.addAll(motion.heldOutDoes());
      heldOut.addAll(motion.heldOutDoing());
    }
    String words = String.join("|", heldOut.stream().map(Pattern::quote).toList());
    Pattern any = Pattern.compile("(?<![\\w-])(" + words + ")(?![\\w-])");

    List<String> training = trainingTexts(grammar);
    assertThat(training).hasSizeGreaterThan(700);
    assertThat(training).noneMatch(text -> any.matcher(text).find());
    assertThat("a puppy, cyan").matches(text -> any.matcher(text).find());
  }

  @Test
  void no_held_out_caption_is_a_training_caption() {
    RandomGenerator random = new SplittableRandom(5);
    Set<String> training = new HashSet<>();
    Set<String> heldOut = new HashSet<>();
    int puppies = 0;
    for (int i = 0; i < 40_000; i++) {
      int subject = random.nextInt(12);
      int colour = random.nextInt(3) - 1;
      int motion = random.nextInt(3) - 1;
      training.add(GRAMMAR.caption(subject, colour, motion, random));
      String caption = GRAMMAR.heldOutCaption(subject, colour, motion, random);
      heldOut.add(caption);
      puppies += caption.contains("puppy") ? 1 : 0;
    }
    assertThat(training).hasSizeGreaterThan(8_000);
    heldOut.retainAll(training);
    assertThat(heldOut).isEmpty();
    assertThat(puppies / (40_000 / 12.0)).isCloseTo(0.5, within(0.05));
  }

  @Test
  void a_caption_says_what_it_is_asked_to_say_and_nothing_else() {
    RandomGenerator random = new SplittableRandom(1);
    for (int i = 0; i < 5_000; i++) {
      int subject = random.nextInt(GRAMMAR.subjects().size());
      int colour = random.nextInt(GRAMMAR.colours().size() + 1) - 1;
      int motion = random.nextInt(GRAMMAR.motions().size() + 1) - 1;
      Noun noun = GRAMMAR.subjects().get(subject);
      for (boolean seen : new boolean[] {true, false}) {
        String caption =
            seen
                ? GRAMMAR.caption(subject, colour, motion, random)
                : GRAMMAR.heldOutCaption(subject, colour, motion, random);
        assertThat(caption)
            .isEqualTo(caption.strip())
            .doesNotContain("{")
            .doesNotContain("  ")
            .doesNotContainPattern("\\ba a[n]? |\\ba (?!uni|ufo)[aeiou]");
        assertThat(names(noun, !seen)).anyMatch(caption::contains);
        if (colour != UNSAID) {
          ColourName said = GRAMMAR.colours().get(colour);
          assertThat(names(said, !seen)).anyMatch(caption::contains);
        }
        if (motion != UNSAID) {
          assertThat(phrases(GRAMMAR.motions().get(motion), !seen)).anyMatch(caption::contains);
        }
        if (colour == UNSAID) {
          assertThat(caption).doesNotContainPattern("background|\\bsky,|\\bwall\\b|canvas");
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"owl, an owl", "unicorn, a unicorn", "ufo, a ufo", "hourglass, an hourglass"})
  void articles_follow_the_sound(String word, String said) {
    int subject = GRAMMAR.subjects().stream().map(Noun::word).toList().indexOf(word);
    assertThat(captions(subject)).contains(said, "a picture of " + said);
  }

  @Test
  void names_of_things_without_number_take_no_article() {
    int beer = GRAMMAR.subjects().stream().map(Noun::word).toList().indexOf("mug of beer");
    assertThat(captions(beer))
        .contains("a picture of a mug of beer", "a picture of beer")
        .noneMatch(caption -> caption.matches(".*\\ba beer(?! mug).*"));
    List<String> known = new ArrayList<>();
    GRAMMAR.subjects().forEach(noun -> known.addAll(names(noun, true)));
    assertThat(known).containsAll(GRAMMAR.uncountable());
  }

  @Test
  void captions_depend_only_on_the_generator() {
    assertThat(captions(3)).isEqualTo(captions(3));
  }

  @Test
  void one_combination_in_ten_is_held_out_but_every_subject_and_colour_is_seen() {
    int subjects = GRAMMAR.subjects().size();
    int colours = GRAMMAR.colours().size();
    int heldOut = 0;
    for (int subject = 0; subject < subjects; subject++) {
      int seen = 0;
      for (int colour = 0; colour < colours; colour++) {
        seen += GRAMMAR.heldOut(subject, colour) ? 0 : 1;
      }
      assertThat(seen).isBetween(colours - 2, colours - 1);
      heldOut += colours - seen;
    }
    for (int colour = 0; colour < colours; colour++) {
      int seen = 0;
      for (int subject = 0; subject < subjects; subject++) {
        seen += GRAMMAR.heldOut(subject, colour) ? 0 : 1;
      }
      assertThat((double) seen / subjects).isBetween(0.85, 0.95);
    }
    assertThat((double) heldOut / (subjects * colours)).isCloseTo(0.1, within(0.03));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "hound"                | "puppy"       | the name 'puppy' is given twice
          [ 210, 40, 45 ]        | [ 210, 40 ]   | colour red needs red, green and blue in 0 to 255
          "a {subject} {does}",  |               | the phrasing 'an animal' names no subject
          "phrasings" : [        | "phrases" : [ | phrasings
          """)
  void an_invalid_grammar_is_refused_with_the_reason(String part, String instead, String reason)
      throws Exception {
    String whole = GIVEN.toPrettyString();
    assertThat(whole).contains(part);
    String broken = whole.replace(part, instead == null ? part + " \"an animal\"," : instead);
    assertThatThrownBy(() -> Recipe.part(Json.mapper().readTree(broken), CaptionGrammar.class))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void the_captions_of_pictures_are_found_by_subject_and_colour() {
    PictureCaptions captions = PictureCaptions.of(GRAMMAR, 3, 0, 7);
    RandomGenerator random = new SplittableRandom(2);
    assertThat(captions.all())
        .hasSize(3 * GRAMMAR.subjects().size() * (1 + GRAMMAR.colours().size()))
        .isEqualTo(PictureCaptions.of(GRAMMAR, 3, 0, 7).all())
        .isNotEqualTo(PictureCaptions.of(GRAMMAR, 3, 0, 8).all())
        .isNotEqualTo(PictureCaptions.of(GRAMMAR, 3, 0.5, 7).all());
    for (int i = 0; i < 2_000; i++) {
      int subject = random.nextInt(GRAMMAR.subjects().size());
      int colour = random.nextInt(1 + GRAMMAR.colours().size()) - 1;
      String caption = captions.all().get(captions.draw(subject, colour, random));
      assertThat(names(GRAMMAR.subjects().get(subject), false)).anyMatch(caption::contains);
      if (colour != UNSAID) {
        assertThat(names(GRAMMAR.colours().get(colour), false)).anyMatch(caption::contains);
      }
    }
  }

  @Test
  void every_sprite_of_tiles_is_a_subject() throws Exception {
    JsonNode tiles = Json.mapper().readTree(Path.of("../models/tiles/recipe.json").toFile());
    List<String> sprites = GRAMMAR.subjects().stream().map(Noun::sprite).toList();
    tiles
        .at("/data/grammar/subjects")
        .forEach(subject -> assertThat(sprites).contains(subject.path("clip").asText()));
  }

  private static Set<String> captions(int subject) {
    RandomGenerator random = new SplittableRandom(11);
    Set<String> captions = new HashSet<>();
    for (int i = 0; i < 2_000; i++) {
      captions.add(GRAMMAR.caption(subject, UNSAID, UNSAID, random));
    }
    return captions;
  }

  /** Everything that a training caption can be made of. */
  private static List<String> trainingTexts(CaptionGrammar grammar) {
    List<String> texts = new ArrayList<>(grammar.phrasings());
    grammar.subjects().forEach(noun -> texts.addAll(names(noun, false)));
    grammar.colours().forEach(colour -> texts.addAll(names(colour, false)));
    grammar.motions().forEach(motion -> texts.addAll(phrases(motion, false)));
    return texts.stream().map(text -> text.toLowerCase(Locale.ROOT)).toList();
  }

  private static List<String> names(Noun noun, boolean heldOut) {
    List<String> names = new ArrayList<>(noun.synonyms());
    names.add(noun.word());
    names.addAll(heldOut ? noun.heldOut() : List.of());
    return names;
  }

  private static List<String> names(ColourName colour, boolean heldOut) {
    List<String> names = new ArrayList<>(colour.synonyms());
    names.add(colour.word());
    names.addAll(heldOut ? colour.heldOut() : List.of());
    return names;
  }

  private static List<String> phrases(Movement motion, boolean heldOut) {
    List<String> phrases = new ArrayList<>(motion.does());
    phrases.addAll(motion.doing());
    if (heldOut) {
      phrases.addAll(motion.heldOutDoes());
      phrases.addAll(motion.heldOutDoing());
    }
    return phrases;
  }
}
