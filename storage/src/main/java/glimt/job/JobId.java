package glimt.job;

import java.util.UUID;

/** Identifies one job. */
public record JobId(UUID value) {
  public static JobId random() {
    return new JobId(UUID.randomUUID());
  }

  /**
   * Reads the canonical form only, so that one job has one name.
   *
   * @throws IllegalArgumentException if {@code text} is not a lower-case UUID
   */
  public static JobId parse(String text) {
    UUID value = UUID.fromString(text);
    if (!value.toString().equals(text)) {
      throw new IllegalArgumentException("not a job id: " + text);
    }
    return new JobId(value);
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
