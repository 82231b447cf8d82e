package glimt.job;

/** Names one worker process: one device slot, from its start to its end. */
public record WorkerId(String value) {
  @Override
  public String toString() {
    return value;
  }
}
