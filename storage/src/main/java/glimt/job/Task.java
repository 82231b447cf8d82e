package glimt.job;

import java.util.List;
import java.util.Optional;

/**
 * A claimed task, with everything that a worker needs to do it.
 *
 * @param lease the permission to work on it
 * @param card the digest of the {@code bundle.json} that it was planned with; a worker that has
 *     another card refuses the task
 * @param ordinal its index in {@link Plan#tasks}
 * @param inputs the results of earlier tasks that it reads, in the order of its plan
 * @param known the results that a task of the same content made earlier in the worker's numeric
 *     class; if they can be read, the worker need not make them again
 * @param checkpoints the checkpoints of earlier attempts in the worker's numeric class, the latest
 *     first; the worker resumes from the first one that it can read and verify, or starts anew
 */
public record Task(
    Lease lease,
    JobId job,
    JobSpec spec,
    ArtifactId card,
    int ordinal,
    Work work,
    List<Input> inputs,
    List<Product> known,
    List<Checkpoint> checkpoints) {
  /**
   * An artifact that a task reads.
   *
   * @param port the artifact's role for the task, such as {@code below}
   */
  public record Input(String port, ArtifactId artifact) {}

  public Task {
    inputs = List.copyOf(inputs);
    known = List.copyOf(known);
    checkpoints = List.copyOf(checkpoints);
  }

  /** Returns the latest checkpoint. */
  public Optional<Checkpoint> checkpoint() {
    return checkpoints.stream().findFirst();
  }

  /** Returns all artifacts that it reads, in the order of the plan. */
  public List<ArtifactId> artifacts() {
    return inputs.stream().map(Input::artifact).toList();
  }

  /** Returns the artifacts that it reads by one port, in the order of the plan. */
  public List<ArtifactId> inputs(String port) {
    return inputs.stream().filter(input -> input.port().equals(port)).map(Input::artifact).toList();
  }
}
