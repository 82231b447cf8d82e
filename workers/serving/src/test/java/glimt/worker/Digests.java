package glimt.worker;

import glimt.artifact.Artifacts;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.Task;
import glimt.job.Work;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A maker whose real work is quick: a sample is the digest of seed and ordinal, hashed again in
 * each step, and an assemble task hashes the samples. A semaphore lets tests control when steps
 * finish.
 */
record Digests(Artifacts artifacts, Semaphore steps) implements Maker {
  static final String NUMERIC_CLASS = "sha256";

  /** Makes a maker that never waits for the test. */
  static Digests quick(Artifacts artifacts) {
    return new Digests(artifacts, new Semaphore(Integer.MAX_VALUE / 2));
  }

  @Override
  public Outcome make(Task task, Attempt attempt) throws Exception {
    return switch (task.work()) {
      case Work.Sample sample -> sample(task, sample.sampling().steps(), attempt);
      case Work.Encode _, Work.Decode _ -> throw new IllegalArgumentException("not planned here");
      case Work.Assemble _ -> {
        MessageDigest digest = sha256();
        for (ArtifactId input : task.artifacts()) {
          digest.update(read(input));
        }
        byte[] whole = digest.digest();
        attempt.progress(1, 1);
        yield new Outcome.Succeeded(
            List.of(product(Role.SAMPLE, whole), product(Role.MEDIA, whole)));
      }
    };
  }

  private Outcome sample(Task task, int steps, Attempt attempt) throws Exception {
    byte[] state =
        sha256()
            .digest(
                ByteBuffer.allocate(12)
                    .putLong(task.spec().sampling().seed())
                    .putInt(task.ordinal())
                    .array());
    int step = 0;
    if (task.checkpoint().isPresent()) {
      Checkpoint from = task.checkpoint().get();
      state = read(from.state());
      step = from.step();
      attempt.resumed(step);
    }
    while (step < steps) {
      if (attempt.leaving()) {
        attempt.checkpoint(new Checkpoint(keep(state).id(), step, NUMERIC_CLASS));
      }
      attempt.check();
      if (!this.steps.tryAcquire(10, TimeUnit.MILLISECONDS)) {
        continue;
      }
      state = sha256().digest(state);
      step++;
      attempt.progress(step, steps);
      if (attempt.watched()) {
        attempt.preview("image/jpeg", 1, 1, state);
      }
    }
    return new Outcome.Succeeded(List.of(product(Role.SAMPLE, state)));
  }

  private Product product(Role role, byte[] bytes) {
    return new Product(role, keep(bytes));
  }

  private Artifact keep(byte[] bytes) {
    return artifacts.put("application/octet-stream", bytes);
  }

  private byte[] read(ArtifactId id) throws IOException {
    try (InputStream in = artifacts.open(id)) {
      return in.readAllBytes();
    }
  }

  private static MessageDigest sha256() throws GeneralSecurityException {
    return MessageDigest.getInstance("SHA-256");
  }
}
