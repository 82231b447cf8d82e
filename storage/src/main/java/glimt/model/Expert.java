package glimt.model;

import org.jspecify.annotations.Nullable;

/**
 * A second network of a level, which is asked where there is little noise left (Wan Team 2025, Wan
 * 2.2).
 *
 * @param network the stem of its source and weights; it has the ports of the level's network
 * @param below the timestep below which it is asked instead of the level's network
 * @param guidance its weight of guidance where a job does not say; null for the level's
 */
public record Expert(String network, double below, @Nullable Double guidance) {
  public Expert {
    if (!(below >= 0) || (guidance != null && !(guidance >= 0))) {
      throw new IllegalArgumentException(
          "an expert needs a timestep and a guidance of 0 or more, not %s and %s"
              .formatted(below, guidance));
    }
  }
}
