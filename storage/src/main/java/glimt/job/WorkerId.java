package glimt.job;

/** Identifies one worker process; a restarted worker gets a new id. */
public record WorkerId(String value) {
  @Override
  public String toString() {
    return value;
  }
}
