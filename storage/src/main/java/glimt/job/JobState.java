package glimt.job;

/** The state of a job: derived from its tasks while it runs, and stored once it has ended. */
public enum JobState {
  QUEUED,
  RUNNING,
  SUCCEEDED,
  FAILED,
  CANCELLED,
  /** A content filter stopped it; its files are withheld. */
  BLOCKED;

  /** Returns whether the state is final. */
  public boolean ended() {
    return this != QUEUED && this != RUNNING;
  }
}
