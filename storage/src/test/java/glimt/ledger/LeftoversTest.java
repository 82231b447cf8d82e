package glimt.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.artifact.ArtifactFolder;
import glimt.artifact.Artifacts;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Task;
import glimt.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeftoversTest {
  private static final Duration AGE = Duration.ofMinutes(10);

  @TempDir Path folder;

  private Ledger ledger;
  private ArtifactFolder artifacts;

  @BeforeEach
  void open() {
    ledger = Ledger.fresh();
    artifacts = new ArtifactFolder(folder);
  }

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void what_no_row_names_goes_when_it_is_old_and_was_found_so_twice() throws IOException {
    ledger.submit();
    Task task = ledger.claimOne("w");
    ArtifactId product = old("product");
    ledger.tasks.end(
        task.lease(),
        new Outcome.Succeeded(
            List.of(new Product(Product.Role.SAMPLE, new Artifact(product, "a/b", 7)))),
        Ledger.EFFORT);
    Task assemble = ledger.claimOne("w");
    ArtifactId superseded = old("checkpoint 0");
    ArtifactId checkpoint = old("checkpoint 1");
    ledger.tasks.checkpoint(assemble.lease(), new Checkpoint(checkpoint, 1, "test"));
    ArtifactId young = artifacts.put("a/b", "young".getBytes(UTF_8)).id();
    Path halfWritten = Files.writeString(folder.resolve("incoming").resolve("half"), "a");
    age(halfWritten);

    Leftovers leftovers = new Leftovers(ledger.database, artifacts, AGE);
    assertThat(round(leftovers)).as("incomplete files").isEqualTo(1);
    assertThat(halfWritten).doesNotExist();
    assertThat(artifacts.verify(superseded)).isTrue();
    assertThat(round(leftovers)).isEqualTo(1);
    assertThat(artifacts.verify(superseded)).isFalse();
    for (ArtifactId kept : List.of(product, checkpoint, young)) {
      assertThat(artifacts.verify(kept)).isTrue();
    }
    // The task is done, so its checkpoint is no longer referenced.
    ledger.succeed(assemble);
    round(leftovers);
    round(leftovers);
    assertThat(artifacts.verify(checkpoint)).isFalse();
    assertThat(artifacts.verify(product)).isTrue();
    ledger.sql("DELETE FROM job");
    round(leftovers);
    round(leftovers);
    assertThat(artifacts.verify(product)).isFalse();
    assertThat(ledger.count("SELECT count(*) FROM artifact WHERE sha256 = ?", product.sha256()))
        .isZero();
  }

  @Test
  void a_picture_stays_as_long_as_a_job_begins_with_it() throws IOException {
    ArtifactId image = old("a picture");
    ledger.submit();
    ledger.sql(
        "UPDATE job SET spec = jsonb_set(spec, '{input}', '{\"image\": \"%s\", \"strength\": 0.5}')"
            .formatted(image.sha256()));
    Leftovers leftovers = new Leftovers(ledger.database, artifacts, AGE);
    round(leftovers);
    round(leftovers);
    assertThat(artifacts.verify(image)).isTrue();
    ledger.sql("DELETE FROM job");
    round(leftovers);
    round(leftovers);
    assertThat(artifacts.verify(image)).isFalse();
  }

  @Test
  void what_is_named_or_written_again_between_two_looks_stays() throws IOException {
    Leftovers leftovers = new Leftovers(ledger.database, artifacts, AGE);
    ArtifactId late = old("reported late");
    ArtifactId again = old("made again");
    round(leftovers);
    ledger.submit();
    ledger.tasks.checkpoint(ledger.claimOne("w").lease(), new Checkpoint(late, 1, "test"));
    artifacts.put("a/b", "made again".getBytes(UTF_8));
    assertThat(round(leftovers)).isZero();
    assertThat(artifacts.verify(late)).isTrue();
    assertThat(artifacts.verify(again)).isTrue();
  }

  @Test
  void nothing_is_suspected_while_the_database_is_away() throws IOException {
    Leftovers leftovers = new Leftovers(ledger.database, artifacts, AGE);
    ArtifactId unsaid = old("not yet reported");
    round(leftovers);
    ledger.sql("ALTER TABLE product RENAME TO away");
    assertThatThrownBy(() -> round(leftovers)).isInstanceOf(StorageException.class);
    ledger.sql("ALTER TABLE away RENAME TO product");
    round(leftovers);
    assertThat(artifacts.verify(unsaid)).isTrue();
  }

  private static int round(Leftovers leftovers) {
    int removed = 0;
    for (int i = 0; i < Artifacts.SHELVES; i++) {
      removed += leftovers.collect();
    }
    return removed;
  }

  private ArtifactId old(String text) throws IOException {
    ArtifactId id = artifacts.put("a/b", text.getBytes(UTF_8)).id();
    age(artifacts.path(id));
    return id;
  }

  private static void age(Path file) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(3600)));
  }
}
