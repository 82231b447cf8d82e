package glimt.coordinator;

import java.time.Duration;

/** The intervals of test farms, with leases short enough for tests to wait until they expire. */
public final class ShortCadence {
  public static final Cadence CADENCE =
      new Cadence(
          Duration.ofMillis(200),
          Duration.ofSeconds(2),
          Duration.ofMillis(200),
          Duration.ofMinutes(2));

  private ShortCadence() {}
}
