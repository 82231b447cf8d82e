package glimt.job;

/**
 * How much a job is in a hurry, compared with the other jobs of its tenant. It can be changed while
 * the job waits or runs.
 */
public enum JobClass {
  /** Goes before all other work of its tenant, and may interrupt it. */
  URGENT(-1e10),
  NORMAL(0),
  /** Lets normal jobs go first that are submitted up to a day later. */
  BULK(86_400);

  private final double delay;

  JobClass(double delay) {
    this.delay = delay;
  }

  /**
   * Returns the seconds by which its tasks wait as though they had been submitted later. Times are
   * seconds since 1970, so those of urgent tasks, and no others, become negative.
   */
  public double delay() {
    return delay;
  }
}
