package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.ArtifactId;
import glimt.ledger.Signers.SignerStanding;
import org.junit.jupiter.api.Test;

class SignersTest {
  private static final ArtifactId OLD = Ledger.digestOf("old");
  private static final ArtifactId NEW = Ledger.digestOf("new");

  @Test
  void the_signer_that_a_node_started_with_last_is_current_and_those_before_are_earlier_ones() {
    try (Ledger ledger = Ledger.fresh()) {
      Signers signers = new Signers(ledger.database);
      assertThat(signers.standing(OLD)).isEmpty();
      signers.use(OLD, "CN=old");
      signers.use(OLD, "CN=old");
      assertThat(signers.standing(OLD)).contains(SignerStanding.CURRENT);
      signers.use(NEW, "CN=new");
      assertThat(signers.standing(NEW)).contains(SignerStanding.CURRENT);
      assertThat(signers.standing(OLD)).contains(SignerStanding.EARLIER);
      assertThat(signers.standing(Ledger.digestOf("another"))).isEmpty();
      signers.use(OLD, "CN=old");
      assertThat(signers.standing(NEW)).contains(SignerStanding.EARLIER);
    }
  }
}
