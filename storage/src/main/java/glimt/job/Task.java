package glimt.job;

import java.util.List;
import java.util.Optional;

/**
 * One claimed task: all that a worker needs to do it.
 *
 * @param card the digest of the {@code bundle.json} it was planned with; a worker with another
 *     refuses
 * @param ordinal its place in {@link Plan#tasks}
 * @param inputs the samples of the tasks before it, in the order of its plan
 * @param checkpoints where earlier attempts got to in the worker's numeric class, the latest first:
 *     a worker goes on from the first that it can trust, and else from the beginning
 */
public record Task(
    Lease lease,
    JobId job,
    JobSpec spec,
    ArtifactId card,
    int ordinal,
    Work work,
    List<ArtifactId> inputs,
    List<Checkpoint> checkpoints) {
  public Task {
    inputs = List.copyOf(inputs);
    checkpoints = List.copyOf(checkpoints);
  }

  /** The latest. */
  public Optional<Checkpoint> checkpoint() {
    return checkpoints.stream().findFirst();
  }
}
