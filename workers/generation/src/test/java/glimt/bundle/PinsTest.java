package glimt.bundle;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import glimt.model.BundleCard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks that the shipped cards have the digests of the files they list. With {@code
 * -Dglimt.pin=true} it updates the digests in the cards in place, including those of the imported
 * blocks.
 */
class PinsTest {
  /**
   * The digests of the released blocks, which must not change because existing bundles depend on
   * them. An improved block is a new file.
   */
  private static final Map<String, String> RELEASED =
      Map.ofEntries(
          entry("attention", "e291676667ad2ff441c54f6c92b0882b6c33e2e96f83df2eee006dfd37d411d3"),
          entry("linear", "369c97390ac09dd27a4f53b602872d052bbdd6faf541387b85fc18ec49c7ff5f"),
          entry("mood", "8e04fa822d72e15b47421ca2fcb52c03cf6ec8527a3dff4a354f1a1303da5c68"),
          entry("norm", "395998785334016af1d3f17e3f2cafb082a26379c793b43a66d906b4ec52c5f1"),
          entry("patches", "ba3f2c76fb0289905d5f1f8ec99ce94f492623ad88935d70ac90c6e2a2410613"),
          entry("prompt", "7a2c581b4a5e7142d84a699e111144ad1273021e731d573b5bb92f8c626c2477"),
          entry("residual", "76b1c61de36036957660bab3770b9a62eeb1cc70dbe808106f6a45392c37724f"),
          entry("waves", "d783a42addd48580255a7d064240d6300cf8f4b0a28d705cffc7d3a02e47211d"));

  @ParameterizedTest
  @MethodSource("glimt.bundle.GoldenTest#bundles")
  void a_shipped_card_names_every_file_and_block_by_its_digest(Path folder) throws Exception {
    if (Boolean.getBoolean("glimt.pin")) {
      pin(folder);
    }

    assertThat(Bundle.card(folder).files()).containsAllEntriesOf(digests(folder));
    assertThat(Bundle.open(folder).card()).isEqualTo(Bundle.card(folder));
  }

  @Test
  void a_block_that_was_released_never_changes() {
    Map<String, String> blocks = new TreeMap<>();
    Blocks.NAMES.forEach(name -> blocks.put(name, Blocks.sha256(Blocks.text(name))));

    assertThat(blocks).isEqualTo(RELEASED);
  }

  private static Map<String, String> digests(Path folder) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    for (String name : Bundle.card(folder).files().keySet()) {
      if (!Blocks.isOne(name)) {
        digests.put(name, FileDigest.of(folder.resolve(name)));
      }
      if (name.endsWith(".py") && !Blocks.isOne(name)) {
        String text = Files.readString(folder.resolve(name));
        digests.putAll(NetworkSource.parse(name, text).pins());
      }
    }
    return digests;
  }

  /** Replaces only the digests, so that the rest of the card keeps its formatting. */
  private static void pin(Path folder) throws IOException {
    BundleCard card = Bundle.card(folder);
    String text = Files.readString(folder.resolve(Bundle.CARD));
    for (Map.Entry<String, String> digest : digests(folder).entrySet()) {
      String before = card.files().get(digest.getKey());
      text =
          before == null
              ? text.replaceFirst(
                  "(\"files\" : \\{)\n",
                  "$1\n    \"%s\" : \"%s\",\n".formatted(digest.getKey(), digest.getValue()))
              : text.replace(before, digest.getValue());
    }
    Files.writeString(folder.resolve(Bundle.CARD), text);
  }
}
