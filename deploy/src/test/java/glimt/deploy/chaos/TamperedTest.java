package glimt.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.model.BundleCard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TamperedTest {
  private static final Path GOOD = Path.of("..", "workers", "models", "objects");

  @TempDir private Path shelf;

  /** Else its jobs would fail for want of a file, and not for what was done to the network. */
  @ParameterizedTest
  @EnumSource
  void nothingIsMissingOfATamperedBundle(Tampered tampered) {
    tampered.write(GOOD, shelf);
    Path folder = shelf.resolve(tampered.bundle());
    BundleCard good = Bundle.card(GOOD);
    assertThat(Bundle.open(folder).card().files()).containsOnlyKeys(good.files().keySet());
    assertThat(good.files().keySet())
        .filteredOn(name -> Files.exists(GOOD.resolve(name)))
        .allSatisfy(name -> assertThat(folder.resolve(name)).exists());
    String network = good.levels().getFirst().network() + ".py";
    assertThat(folder.resolve(network)).content().isNotEqualTo(content(GOOD.resolve(network)));
  }

  private static String content(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
