package glimt.job;

import java.util.List;
import java.util.Optional;

/**
 * One claimed task: all that a worker needs to do it.
 *
 * @param card the digest of the {@code bundle.json} it was planned with; a worker with another
 *     refuses
 * @param ordinal its place in {@link Plan#tasks}
 * @param inputs what the tasks before it made, in the order of its plan
 * @param known what a task of the same content has made in the worker's numeric class already:
 *     where it can be read, nothing is left to do
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
    List<Input> inputs,
    List<Product> known,
    List<Checkpoint> checkpoints) {
  /**
   * An artifact that a task reads.
   *
   * @param port what it is to the task, such as {@code below}
   */
  public record Input(String port, ArtifactId artifact) {}

  public Task {
    inputs = List.copyOf(inputs);
    known = List.copyOf(known);
    checkpoints = List.copyOf(checkpoints);
  }

  /** The latest. */
  public Optional<Checkpoint> checkpoint() {
    return checkpoints.stream().findFirst();
  }

  /** All that it reads, in the order of the plan. */
  public List<ArtifactId> artifacts() {
    return inputs.stream().map(Input::artifact).toList();
  }

  /** What feeds a port, in the order of the plan. */
  public List<ArtifactId> inputs(String port) {
    return inputs.stream().filter(input -> input.port().equals(port)).map(Input::artifact).toList();
  }
}
