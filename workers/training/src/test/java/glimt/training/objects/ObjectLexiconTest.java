package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.json.Json;
import glimt.pipeline.Lexicon;
import glimt.pipeline.Lexicon.NameKind;
import glimt.training.recipe.Recipe;
import glimt.training.words.CaptionEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ObjectLexiconTest {
  private static final Path FOLDER = Path.of("../models/objects");

  private final Bundle bundle = Bundle.of(FOLDER);
  private final ObjectWords words =
      ObjectRecipe.of(Recipe.read(FOLDER.resolve("recipe.json"))).words();

  @Test
  void the_lexicon_of_the_bundle_is_that_of_its_recipe_and_lists_nothing_that_is_held_out() {
    Lexicon.NameList shipped = Json.read(bundle.text("lexicon.json"), Lexicon.NameList.class);
    assertThat(shipped).isEqualTo(ObjectLexicon.of(words));
    List<String> heldOut = new ArrayList<>();
    words.classes().forEach(one -> heldOut.addAll(one.heldOut()));
    words.kinds().forEach(kind -> heldOut.addAll(kind.heldOut()));
    words.colours().forEach(colour -> heldOut.addAll(colour.heldOut()));
    for (NameKind kind : shipped.kinds()) {
      assertThat(kind.names()).doesNotContainAnyElementsOf(heldOut);
      kind.things().forEach(t -> assertThat(t.more()).doesNotContainAnyElementsOf(heldOut));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a red crystal, a red crystal",
    "a maroon armchair, a red chair",
    "a point cloud of a barn, a house",
    "a bookcase in mahogany, a brown shelf",
    "a snowy spruce in the forest, a snowy pine tree",
    "a mailbox, a crate",
    "an ancient scroll, an ancient scroll"
  })
  void words_of_no_caption_are_read_as_names_that_the_networks_know(String prompt, String read) {
    Lexicon lexicon = Lexicon.of("lexicon", bundle::text, bundle::tensors);
    try (CaptionEncoder encoder = CaptionEncoder.of(FOLDER, FOLDER)) {
      assertThat(lexicon.read(prompt, encoder::meanings).text()).isEqualTo(read);
    }
  }
}
