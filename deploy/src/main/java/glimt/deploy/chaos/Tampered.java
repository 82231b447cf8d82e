package glimt.deploy.chaos;

import glimt.bundle.Bundle;
import glimt.model.BundleCard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Tampered bundles, each with the name of the fault that needs it. A tampered bundle has the base
 * level of a good bundle, with lines inserted at the start of its network's {@code forward}.
 */
enum Tampered {
  /** Throws, because the tensor does not have that many elements. */
  POISON_THROWS("x = torch.reshape(x, [7, 7, 7, 7])"),

  /** Crashes the process: reads far beyond the tensor, as this operator does not check strides. */
  POISON_CRASHES("x = torch._reshape_alias(x, [2], [1000000000000]) + 1"),

  /** Never returns. */
  POISON_HANGS("going = True\n    while going:\n      going = True"),

  /** Returns the same result, but slowly, so that its tasks take as long as a big network's. */
  WORKER_KILLED_LATE(
      "rounds = 0\n    while rounds < 200000:\n      x = torch.neg(x)\n      rounds = rounds + 1");

  private static final String FORWARD =
      "  def forward(self, x: Tensor, noise: Tensor, text: Tensor) -> Tensor:\n";

  private final String lines;

  Tampered(String lines) {
    this.lines = lines;
  }

  /** The name of the bundle and of its fault. */
  String bundle() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Writes the bundle.
   *
   * @param good the folder of the good bundle, which makes point clouds
   * @param shelf the folder in which to create the bundle's folder
   */
  void write(Path good, Path shelf) {
    try {
      BundleCard card = Bundle.card(good);
      String network = card.levels().getFirst().network();
      String source = Files.readString(good.resolve(network + ".py"));
      byte[] spoilt =
          source
              .replaceFirst(FORWARD.replaceAll("[()\\[\\]]", "."), "$0    " + lines + "\n")
              .getBytes(java.nio.charset.StandardCharsets.UTF_8);
      Path folder = Files.createDirectories(shelf.resolve(bundle()));
      Map<String, String> files = new HashMap<>(card.files());
      for (String name : files.keySet()) {
        // Blocks, which are files of the program, are not in the folder.
        if (Files.exists(good.resolve(name))) {
          Files.copy(good.resolve(name), folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
      }
      Files.write(folder.resolve(network + ".py"), spoilt);
      files.put(network + ".py", Bundle.sha256(spoilt));
      Bundle.write(
          folder,
          new BundleCard(
              card.version(),
              bundle(),
              card.kind(),
              "A network for the fault %s.".formatted(bundle()),
              card.licence(),
              card.reader(),
              card.encoders(),
              card.fps(),
              card.scale(),
              card.offset(),
              List.of(card.levels().getFirst()),
              List.of(),
              Map.of(),
              files,
              Map.of()));
    } catch (IOException e) {
      throw new UncheckedIOException("writing the bundle " + bundle(), e);
    }
  }
}
