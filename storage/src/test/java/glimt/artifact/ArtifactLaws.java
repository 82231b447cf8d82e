package glimt.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.ledger.Ledger;
import glimt.storage.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The laws of {@link Artifacts}. The test of each implementation extends this class. */
abstract class ArtifactLaws {
  private static final Duration AGE = Duration.ofMinutes(10);
  private static final byte[] BYTES = {1, 2, 3};

  @TempDir Path elsewhere;

  /** Returns the store of this test, initially empty, in a new instance as of another process. */
  abstract Artifacts store();

  /** Overwrites an artifact's bytes without the store's knowledge. */
  abstract void damage(ArtifactId id, byte[] bytes) throws IOException;

  /** Makes an artifact appear to have been put an hour ago. */
  abstract void age(ArtifactId id) throws IOException;

  /** Leaves the incomplete file of a writer that crashed an hour ago. */
  abstract void dieWriting() throws IOException;

  @Test
  void an_artifact_is_named_by_its_bytes_and_comes_back() throws IOException {
    Artifacts artifacts = store();
    byte[] bytes = "a glimpse".getBytes(UTF_8);
    Artifact artifact = artifacts.put("text/plain", bytes);
    assertThat(artifact)
        .isEqualTo(new Artifact(Ledger.digestOf("a glimpse"), "text/plain", bytes.length));
    for (Artifacts seen : List.of(artifacts, store())) {
      try (InputStream in = seen.open(artifact.id())) {
        assertThat(in.readAllBytes()).isEqualTo(bytes);
      }
      assertThat(seen.read(artifact.id())).isEqualTo(bytes);
      assertThat(seen.file(artifact.id())).hasBinaryContent(bytes);
      assertThat(seen.verify(artifact.id())).isTrue();
    }
  }

  @Test
  void bytes_a_file_and_a_writer_that_closes_make_the_same_artifact() throws IOException {
    Artifacts artifacts = store();
    byte[] bytes = new byte[300_000];
    new Random(1).nextBytes(bytes);
    Path file = Files.write(elsewhere.resolve("file"), bytes);
    Artifact artifact = artifacts.put("a/b", bytes);
    assertThat(artifacts.put("a/b", file)).isEqualTo(artifact);
    assertThat(
            artifacts.put(
                "a/b",
                out -> {
                  try (out) {
                    out.write(bytes[0]);
                    out.write(bytes, 1, bytes.length - 1);
                  }
                }))
        .isEqualTo(artifact);
    assertThat(artifacts.read(artifact.id())).isEqualTo(bytes);
  }

  @Test
  void an_empty_artifact_is_one() {
    Artifacts artifacts = store();
    Artifact empty = artifacts.put("a/b", new byte[0]);
    assertThat(empty.length()).isZero();
    assertThat(artifacts.verify(empty.id())).isTrue();
  }

  @Test
  void a_damaged_artifact_is_found_out_and_healed_by_making_it_again() throws IOException {
    Artifacts artifacts = store();
    ArtifactId id = artifacts.put("a/b", BYTES).id();
    for (byte[] wrong : List.of(new byte[] {1, 2, 2}, new byte[] {1, 2}, new byte[0])) {
      damage(id, wrong);
      assertThat(artifacts.verify(id)).isFalse();
      assertThatThrownBy(() -> artifacts.read(id))
          .isInstanceOf(DamagedArtifact.class)
          .hasMessageContaining("is damaged");
      assertThatThrownBy(() -> artifacts.file(id)).isInstanceOf(DamagedArtifact.class);
      assertThatThrownBy(
              () -> {
                try (InputStream in = artifacts.open(id)) {
                  in.readAllBytes();
                }
              })
          .isInstanceOf(DamagedArtifact.class);
      artifacts.put("a/b", BYTES);
      assertThat(artifacts.verify(id)).isTrue();
      assertThat(artifacts.file(id)).hasBinaryContent(BYTES);
    }
  }

  @Test
  void an_artifact_that_is_not_there_is_said_to_be_missing() {
    Artifacts artifacts = store();
    artifacts.put("a/b", new byte[1]);
    ArtifactId id = Ledger.digestOf("nowhere");
    assertThat(artifacts.verify(id)).isFalse();
    assertThatThrownBy(() -> artifacts.open(id))
        .isInstanceOf(DamagedArtifact.class)
        .hasMessageContaining(id.sha256());
    assertThatThrownBy(() -> artifacts.file(id)).isInstanceOf(DamagedArtifact.class);
    assertThat(artifacts.remove(id, Duration.ZERO)).isFalse();
  }

  @Test
  void many_who_write_the_same_at_once_agree() throws Exception {
    byte[] bytes = new byte[100_000];
    List<Callable<Artifact>> writers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      writers.add(() -> store().put("a/b", bytes));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (Future<Artifact> written : threads.invokeAll(writers)) {
        assertThat(store().read(written.get().id())).isEqualTo(bytes);
      }
    }
  }

  @Test
  void of_a_writer_that_gives_up_nobody_sees_anything() {
    Artifacts artifacts = store();
    artifacts.put("a/b", BYTES);
    assertThatThrownBy(
            () ->
                artifacts.put(
                    "a/b",
                    out -> {
                      out.write("half".getBytes(UTF_8));
                      out.flush();
                      throw new IOException("the encoder died");
                    }))
        .isInstanceOf(StorageException.class)
        .hasRootCauseMessage("the encoder died");
    assertThat(artifacts.verify(Ledger.digestOf("half"))).isFalse();
    assertThat(artifacts.removeHalfWritten(Duration.ZERO)).as("incomplete files").isZero();
  }

  @Test
  void what_is_old_is_on_the_shelf_of_its_first_byte_and_can_be_taken_away() throws IOException {
    Artifacts artifacts = store();
    ArtifactId old = artifacts.put("a/b", BYTES).id();
    age(old);
    ArtifactId young = artifacts.put("a/b", new byte[1]).id();
    for (int shelf = 0; shelf < Artifacts.SHELVES; shelf++) {
      boolean its = shelf == Integer.parseInt(old.sha256().substring(0, 2), 16);
      assertThat(artifacts.old(shelf, AGE)).isEqualTo(its ? List.of(old) : List.of());
    }
    assertThat(artifacts.remove(young, AGE)).isFalse();
    assertThat(artifacts.verify(young)).isTrue();
    assertThat(artifacts.remove(old, AGE)).isTrue();
    assertThat(artifacts.verify(old)).isFalse();
  }

  @Test
  void what_was_put_again_is_not_old() throws IOException {
    Artifacts artifacts = store();
    ArtifactId id = artifacts.put("a/b", BYTES).id();
    age(id);
    store().put("a/b", BYTES);
    assertThat(artifacts.remove(id, AGE)).isFalse();
    assertThat(artifacts.read(id)).isEqualTo(BYTES);
  }

  @Test
  void what_a_dead_writer_left_is_taken_away_and_no_artifact_is() throws IOException {
    Artifacts artifacts = store();
    ArtifactId id = artifacts.put("a/b", BYTES).id();
    age(id);
    dieWriting();
    assertThat(artifacts.removeHalfWritten(AGE)).isEqualTo(1);
    assertThat(artifacts.removeHalfWritten(AGE)).isZero();
    assertThat(artifacts.verify(id)).isTrue();
  }
}
