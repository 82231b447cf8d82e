package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Tokenizer.Rules;
import glimt.bundle.Tokenizer.Tokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Compares token ids with tables produced by the reference tokenizers. The tables are in the test
 * resources, next to the tokenizers; {@code -Dglimt.golden.models=DIR} adds those of a folder.
 */
class TokenizerTest {
  private static final Path OWN = Path.of("src/test/resources/glimt/bundle/tokenizers");

  @Test
  void prompts_become_the_ids_that_the_tokenizers_of_the_field_give() throws Exception {
    List<Path> tables = new ArrayList<>(tables(OWN));
    assertThat(tables).hasSize(2);
    String more = System.getProperty("glimt.golden.models");
    if (more != null) {
      tables.addAll(tables(Path.of(more)));
    }
    int all = 0;
    List<String> wrong = new ArrayList<>();
    for (Path table : tables) {
      all += TokenTable.rows(table);
      wrong.addAll(TokenTable.failures(table));
    }
    System.out.println("tokens: " + (all - wrong.size()) + " of " + all + " prompts");
    assertThat(wrong).isEmpty();
    assertThat(all).isGreaterThanOrEqualTo(103);
  }

  @Test
  void word_pieces_are_read_whatever_their_file_says_of_cutting_and_padding() {
    try (Tokenizer tokenizer = bert(new Rules(8, 0, true, false));
        Tokenizer bare = bert(new Rules(8, 0, false, false))) {
      Tokens reading = tokenizer.read("A CAT runs.");

      assertThat(reading.ids()).containsExactly(2L, 4L, 5L, 8L, 7L, 14L, 3L, 0L);
      assertThat(reading.mask()).containsExactly(1L, 1L, 1L, 1L, 1L, 1L, 1L, 0L);
      assertThat(reading.cutFrom()).isEmpty();
      assertThat(bare.read("the zebra").ids()).startsWith(11L, 1L, 0L);
    }
  }

  @Test
  void a_prompt_that_is_too_long_says_from_which_word_on_it_was_cut() {
    try (Tokenizer tokenizer = bert(new Rules(6, 0, true, false))) {
      assertThat(tokenizer.read("a cat running  OVER the hill").cutFrom()).contains("OVER");
      assertThat(tokenizer.read("a 🚀 the hillside").cutFrom()).contains("hillside");
      Tokens reading = tokenizer.read("a cat runs over the hill");
      assertThat(reading.ids()).containsExactly(2L, 4L, 5L, 8L, 7L, 3L);
      assertThat(reading.read()).isEqualTo(6);
      assertThat(reading.cutFrom()).contains("over");
    }
    try (Tokenizer clip = open("clip", new Rules(8, 0, true, true));
        Tokenizer umt5 = open("umt5", new Rules(8, 0, true, false))) {
      assertThat(clip.read("a photo of a İcat").cutFrom()).contains("İcat");
      assertThat(umt5.read("a photo of a cat \n rocket").cutFrom()).contains("rocket");
    }
  }

  @Test
  void files_that_are_no_tokenizer_are_refused_with_the_reason() {
    Rules rules = new Rules(8, 0, true, true);
    byte[] nonsense = {1, 2, 3};

    assertThatThrownBy(() -> Tokenizer.of(List.of("vocab.bpe"), _ -> nonsense, rules))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("not [vocab.bpe]");
    assertThatThrownBy(() -> Tokenizer.of(List.of("tokenizer.json"), _ -> nonsense, rules))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("tokenizer.json");
    assertThatThrownBy(() -> Tokenizer.of(List.of("spiece.model"), _ -> nonsense, rules))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("spiece.model is not a SentencePiece model");
    assertThatThrownBy(
            () ->
                Tokenizer.of(
                    List.of("vocab.json", "merges.txt"), _ -> new byte[] {'{', '}'}, rules))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("<|startoftext|>");
  }

  @Test
  void a_model_cut_anywhere_is_refused_or_shorter() throws Exception {
    byte[] whole = Files.readAllBytes(OWN.resolve("umt5/tokenizer/spiece.model"));
    int pieces = SentencePieceModel.parse("whole", whole).pieces().size();
    assertThat(pieces).isEqualTo(400);
    for (int length = 0; length < 4000; length += 7) {
      byte[] cut = Arrays.copyOf(whole, length);
      try {
        assertThat(SentencePieceModel.parse("cut", cut).pieces()).hasSizeLessThan(pieces);
      } catch (BundleException refused) {
        assertThat(refused).hasMessageContaining("cut is not a SentencePiece model");
      }
    }
  }

  private static List<Path> tables(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.endsWith("tokens.json")).sorted().toList();
    }
  }

  private static Tokenizer bert(Rules rules) {
    return open("bert", rules);
  }

  private static Tokenizer open(String name, Rules rules) {
    return TokenTable.open(OWN.resolve(name).resolve("tokenizer"), rules);
  }
}
