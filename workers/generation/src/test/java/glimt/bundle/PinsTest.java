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
          entry("activations", "2678a06d52ef13f0b29735167d616b3fbf433400ef0ee9af6d367a12aeccc813"),
          entry("attention", "e291676667ad2ff441c54f6c92b0882b6c33e2e96f83df2eee006dfd37d411d3"),
          entry("attention2d", "310212f581e33755141e121b209312aae6605b4403a2e09f61480ab3254512ee"),
          entry("bands", "4e6eaa60f9a88a0e3be4ee90a5bc2e14909cff25f55240f1bd1870308d1526d3"),
          entry("convolution", "ab9a0f30f1ff2be145adf6415bf57d1904a8d0559e837cfa67232a9794663436"),
          entry("embedders", "39da00bdacede7f143b8bc24220f507eb7c2f08f8dc76f010ed24c7536488772"),
          entry("embedding", "98802fc095fe0930dedcec6795a363b1447470570a07147276afd04c2216de93"),
          entry("heads", "3a53af19e9a12c28ce0dce7e15c6c68eb3196fee2649169e685fdf61aac919ed"),
          entry("linear", "369c97390ac09dd27a4f53b602872d052bbdd6faf541387b85fc18ec49c7ff5f"),
          entry("ltx", "be34f4d6285b65d6cb9d51e8587750ba87e9853d5e3918832021aad8e61ed4bb"),
          entry("ltx_codec", "f1b59715670b8e730a37f7074ebba38cb560920a0866a06bec196ad423b03e10"),
          entry("ltx_noise", "bd5e36c1fffef58deb91285c527a433e13ee4a48d649924cc5369574d84c4901"),
          entry("mood", "8e04fa822d72e15b47421ca2fcb52c03cf6ec8527a3dff4a354f1a1303da5c68"),
          entry("norm", "395998785334016af1d3f17e3f2cafb082a26379c793b43a66d906b4ec52c5f1"),
          entry("norms", "01118b2b8d9edb92a57fa5be915a7d41886a5a170f20c9d0a200696cf6368265"),
          entry("patches", "ba3f2c76fb0289905d5f1f8ec99ce94f492623ad88935d70ac90c6e2a2410613"),
          entry(
              "picture_codec", "68e3f25e265e9ac3085c5c9266a2800f3b2463d70f2f869d6a44b5a67b18c914"),
          entry("places", "e384a220e0e031a126da082557940d8d30e5d33eab396c06d0ee6d66c8574def"),
          entry("plain_norm", "1b645ded42fb6eb320eca7c673b16858e26280abffe9cb6864ebc9c3922f8465"),
          entry(
              "plain_rms_norm", "3358162681e1fb0a21f732b9104440744853ee8f375e88d5d5becb7e399b2ce9"),
          entry("points", "193d7dfdeaf007153a69ca76811c1cc8d396151441e6139359be8484ce5ab0c2"),
          entry("projection", "941a299b78970c67d7cf0a6ce6902fbaddf93ef4cf4ff94d8ae111d0133c21c9"),
          entry("prompt", "7a2c581b4a5e7142d84a699e111144ad1273021e731d573b5bb92f8c626c2477"),
          entry("residual", "76b1c61de36036957660bab3770b9a62eeb1cc70dbe808106f6a45392c37724f"),
          entry("rotary", "19853a01c4018798d2bf644592964fd4bafa6397723f2e0e0e5dc4340224cf70"),
          entry("sentence", "0091e60d6318d1ab247f072d92529a9a7a578324481478667f1b29f1a29f5082"),
          entry("t5", "8fa4cfa90cb13ee291a264124a9f54d32079c4d12de7d00d3601279146a12211"),
          entry("temporal", "7630133943e871dde11d738d6d9390e339a708a16476fbd03ea9c21c965a8bc7"),
          entry("timestep", "4961977d775a2477a895f0228c13cb21f4027df07e0766125c6e068bec8bc573"),
          entry(
              "transformer2d", "d30a0efc611ff747f28f0eb6413f46315efc24070f6a3b5d9fe82f0bd32ccd98"),
          entry("time_waves", "352beb13562c379ea544587413660e63e3055b76d45191c94ac6303671d03769"),
          entry("wan", "9bd352dc5fda155c0a60a89d0921f06320b1779d4e2583e709cbc6fc1a620844"),
          entry("wan_codec", "eef332f21ad1d0918c376f67fe0ed81a716ca62f8c7b45e2de92c42b1258f093"),
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
