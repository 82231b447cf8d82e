package glimt.coordinator;

import java.time.Duration;

/** How a farm of the tests keeps time: leases so short that one which lapses is seen to. */
public final class ShortCadence {
  public static final Cadence CADENCE =
      new Cadence(
          Duration.ofMillis(200),
          Duration.ofSeconds(2),
          Duration.ofMillis(200),
          Duration.ofMinutes(2));

  private ShortCadence() {}
}
