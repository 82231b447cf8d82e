package glimt.job;

/** Identifies one task in the whole ledger; ids are never reused. */
public record TaskId(long value) {
  @Override
  public String toString() {
    return Long.toString(value);
  }
}
