package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.ArtifactId;
import glimt.model.BundleCard;
import org.junit.jupiter.api.Test;

class BundlesTest {
  @Test
  void a_name_stands_for_the_card_that_was_offered_last_and_a_digest_for_ever_for_its_own() {
    try (Ledger ledger = Ledger.fresh()) {
      BundleCard changed = Ledger.card("toy", 5);
      ArtifactId digest = Ledger.digestOf("changed");
      ledger.bundles.offer(digest, changed);
      BundleCard other = Ledger.card("another", 1);
      ledger.bundles.offer(Ledger.digestOf("another"), other);

      assertThat(ledger.bundles.find("toy")).contains(new Bundles.CatalogueEntry(digest, changed));
      assertThat(ledger.bundles.find("unknown")).isEmpty();
      assertThat(ledger.bundles.byDigest(ledger.digest))
          .contains(new Bundles.CatalogueEntry(ledger.digest, ledger.card));
      assertThat(ledger.bundles.byDigest(Ledger.digestOf("unknown"))).isEmpty();
      assertThat(ledger.bundles.list())
          .containsExactly(
              new Bundles.CatalogueEntry(Ledger.digestOf("another"), other),
              new Bundles.CatalogueEntry(digest, changed));

      ledger.bundles.offer(ledger.digest, ledger.card);
      assertThat(ledger.bundles.find("toy"))
          .contains(new Bundles.CatalogueEntry(ledger.digest, ledger.card));
    }
  }
}
