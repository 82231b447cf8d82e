package glimt.training.evaluation;

/**
 * The cost of generating whole samples of a level.
 *
 * @param samples the number of samples
 * @param seconds the CPU time in seconds
 * @param calls the number of network calls
 * @param rows the number of network evaluations; a guided step has two per call
 */
public record SamplingCost(int samples, double seconds, long calls, long rows) {
  static final SamplingCost NONE = new SamplingCost(0, 0, 0, 0);

  SamplingCost plus(SamplingCost other) {
    return new SamplingCost(
        samples + other.samples, seconds + other.seconds, calls + other.calls, rows + other.rows);
  }

  /** The CPU time per sample in seconds. */
  public double secondsEach() {
    return seconds / samples;
  }

  /** The number of network calls per sample. */
  public double callsEach() {
    return (double) calls / samples;
  }

  /** The number of network evaluations per sample. */
  public double rowsEach() {
    return (double) rows / samples;
  }
}
