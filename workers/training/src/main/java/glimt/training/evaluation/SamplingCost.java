package glimt.training.evaluation;

/**
 * What it took to make some whole samples of a level.
 *
 * @param seconds of one processor core, whatever else the machine does meanwhile
 * @param calls of the network
 * @param rows that the network was asked about: a guided step has two
 */
public record SamplingCost(int samples, double seconds, long calls, long rows) {
  static final SamplingCost NONE = new SamplingCost(0, 0, 0, 0);

  SamplingCost plus(SamplingCost other) {
    return new SamplingCost(
        samples + other.samples, seconds + other.seconds, calls + other.calls, rows + other.rows);
  }

  /** Processor seconds a sample. */
  public double secondsEach() {
    return seconds / samples;
  }

  /** Calls a sample. */
  public double callsEach() {
    return (double) calls / samples;
  }

  /** Rows a sample. */
  public double rowsEach() {
    return (double) rows / samples;
  }
}
