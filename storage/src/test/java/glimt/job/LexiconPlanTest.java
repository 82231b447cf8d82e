package glimt.job;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.json.Json;
import glimt.model.Encoder;
import glimt.model.WordPiece;
import java.util.List;
import org.junit.jupiter.api.Test;

class LexiconPlanTest {
  private static final WordPiece READER =
      new WordPiece(List.of("tokenizer.json"), 24, 0, true, false);

  @Test
  void a_task_says_whether_its_text_is_put_into_names_and_older_ones_are_read_as_they_were() {
    Work plain = new Work.Encode("text", "a puppy");
    Work named = new Work.Encode("text", "a puppy", "lexicon");
    assertThat(Json.write(plain)).doesNotContain("lexicon");
    assertThat(Json.read(Json.write(plain), Work.class)).isEqualTo(plain);
    assertThat(Json.read(Json.write(named), Work.class)).isEqualTo(named);
  }

  @Test
  void an_encoder_without_a_lexicon_has_the_card_that_it_had_before() {
    Encoder plain = new Encoder("text", "text", READER, List.of("states"));
    Encoder named = new Encoder("text", "text", READER, List.of("states"), "lexicon");
    assertThat(Json.write(plain)).doesNotContain("lexicon");
    assertThat(Json.read(Json.write(plain), Encoder.class)).isEqualTo(plain);
    assertThat(Json.read(Json.write(named), Encoder.class)).isEqualTo(named);
    assertThat(named.lexiconFiles()).containsExactly("lexicon.json", "lexicon.safetensors");
  }
}
