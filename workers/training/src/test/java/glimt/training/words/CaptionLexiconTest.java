package glimt.training.words;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Bundle;
import glimt.json.Json;
import glimt.pipeline.Lexicon;
import glimt.pipeline.Lexicon.NameKind;
import glimt.pipeline.Understood;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionLexiconTest {
  private static final Path CLIPS = Path.of("../models/clips");

  private static CaptionGrammar grammar(Bundle bundle) throws Exception {
    JsonNode data = Json.mapper().readTree(bundle.text("recipe.json")).path("data");
    JsonNode grammar = data.has("grammar") ? data.path("grammar") : data.at("/pictures/grammar");
    return Json.mapper().treeToValue(grammar, CaptionGrammar.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"clips", "pictures"})
  void the_lexicon_of_a_bundle_is_that_of_its_recipe_and_lists_nothing_that_is_held_out(String name)
      throws Exception {
    Bundle bundle = Bundle.of(Path.of("../models", name));
    CaptionGrammar grammar = grammar(bundle);
    Lexicon.NameList shipped = Json.read(bundle.text("lexicon.json"), Lexicon.NameList.class);
    assertThat(shipped).isEqualTo(CaptionLexicon.of(grammar));
    List<String> heldOut = new ArrayList<>();
    grammar.subjects().forEach(noun -> heldOut.addAll(noun.heldOut()));
    grammar.colours().forEach(colour -> heldOut.addAll(colour.heldOut()));
    grammar.motions().forEach(motion -> heldOut.addAll(motion.heldOutDoes()));
    grammar.motions().forEach(motion -> heldOut.addAll(motion.heldOutDoing()));
    for (NameKind kind : shipped.kinds()) {
      assertThat(kind.names()).doesNotContainAnyElementsOf(heldOut);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a puppy runs to the left on a blue sky, a dog moves left on a blue background",
    "a cheetah sprinting to the right through a meadow, a leopard moves right on a green"
        + " background",
    "a lorry, a truck",
    "a whale moves left over blue, a whale moves left over blue"
  })
  void words_nobody_listed_are_read_as_names_that_the_networks_know(String prompt, String read) {
    Bundle bundle = Bundle.of(CLIPS);
    Lexicon lexicon = Lexicon.of("lexicon", bundle::text, bundle::tensors);
    try (CaptionEncoder encoder = CaptionEncoder.of(CLIPS, CLIPS)) {
      assertThat(lexicon.read(prompt, encoder::meanings).text()).isEqualTo(read);
    }
  }

  @Test
  void most_captions_of_held_out_words_and_phrasings_are_put_into_the_right_names()
      throws Exception {
    Bundle bundle = Bundle.of(CLIPS);
    CaptionGrammar grammar = grammar(bundle);
    Lexicon lexicon = Lexicon.of("lexicon", bundle::text, bundle::tensors);
    SplittableRandom random = new SplittableRandom(7);
    int right = 0;
    int put = 0;
    try (CaptionEncoder encoder = CaptionEncoder.of(CLIPS, CLIPS)) {
      for (int i = 0; i < 24; i++) {
        int subject = random.nextInt(grammar.subjects().size());
        int colour = random.nextInt(grammar.colours().size());
        int motion = random.nextInt(grammar.motions().size());
        String caption = grammar.heldOutCaption(subject, colour, motion, random);
        Understood read = lexicon.read(caption, encoder::meanings);
        String wanted =
            "%s %s on %s background"
                .formatted(
                    grammar.withArticle(grammar.subjects().get(subject).word()),
                    grammar.motions().get(motion).does().getFirst(),
                    grammar.withArticle(grammar.colours().get(colour).word()));
        put += read.text().equals(caption) ? 0 : 1;
        right += read.text().equals(wanted) ? 1 : 0;
      }
    }
    assertThat(put).as("captions that were put into names").isGreaterThanOrEqualTo(18);
    assertThat(right).as("of them right").isGreaterThanOrEqualTo(put * 8 / 10);
  }
}
