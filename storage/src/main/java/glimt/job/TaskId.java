package glimt.job;

/** Names one task of one job, for ever. */
public record TaskId(long value) {
  @Override
  public String toString() {
    return Long.toString(value);
  }
}
