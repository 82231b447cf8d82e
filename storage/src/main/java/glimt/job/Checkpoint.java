package glimt.job;

/**
 * The complete state of a trajectory between two steps, from which a task can be resumed.
 *
 * @param state the artifact that holds the state
 * @param step the number of completed steps
 * @param numericClass the numeric class of the worker that saved it; only a worker of this class
 *     can resume it and get the same bits
 */
public record Checkpoint(ArtifactId state, int step, String numericClass) {}
