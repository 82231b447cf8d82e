package glimt.job;

import glimt.model.GuidanceRule;
import glimt.model.Quality;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import org.jspecify.annotations.Nullable;

/**
 * How to sample. The seed steers every level; steps, guidance, sampler, schedule and thresholds
 * steer the base, where the content is decided: the levels above keep what their card says. What is
 * null is left to the card.
 *
 * @param guidance the weight, the rest of the rule being the card's; see {@code guidanceRule}
 * @param guidanceRule the whole rule; goes with no {@code guidance}
 * @param schedule which noise levels are visited; the network's answer must go with it
 * @param thresholds how guesses are kept in range
 * @param quality of every level; null is full
 */
public record SamplingOptions(
    long seed,
    @Nullable Integer steps,
    @Nullable Double guidance,
    @Nullable String sampler,
    @Nullable Quality quality,
    @Nullable GuidanceRule guidanceRule,
    @Nullable Schedule schedule,
    @Nullable Thresholds thresholds) {
  /** The largest seed that survives every JSON reader: 2^53 - 1. */
  public static final long SEED_LIMIT = (1L << 53) - 1;

  /** At most this many steps of the base level. */
  public static final int STEPS_LIMIT = 1000;

  public static final double GUIDANCE_LIMIT = 20;

  /** What most jobs ask for. */
  public SamplingOptions(
      long seed,
      @Nullable Integer steps,
      @Nullable Double guidance,
      @Nullable String sampler,
      @Nullable Quality quality) {
    this(seed, steps, guidance, sampler, quality, null, null, null);
  }

  /** Everything by the card. */
  public static SamplingOptions seeded(long seed) {
    return new SamplingOptions(seed, null, null, null, null);
  }

  public SamplingOptions {
    if (seed < 0 || seed > SEED_LIMIT) {
      throw new InvalidSpec("seed", "must be 0 to " + SEED_LIMIT + ", not " + seed);
    }
    if (steps != null && (steps < 1 || steps > STEPS_LIMIT)) {
      throw new InvalidSpec("steps", "must be 1 to " + STEPS_LIMIT + ", not " + steps);
    }
    if (guidance != null && !(guidance >= 0 && guidance <= GUIDANCE_LIMIT)) {
      throw new InvalidSpec("guidance", "must be 0 to " + GUIDANCE_LIMIT + ", not " + guidance);
    }
    if (guidanceRule != null && guidance != null) {
      throw new InvalidSpec("guidance", "is part of guidanceRule; give one of them");
    }
    if (guidanceRule != null && guidanceRule.weight() > GUIDANCE_LIMIT) {
      throw new InvalidSpec(
          "guidanceRule", "must weigh 0 to " + GUIDANCE_LIMIT + ", not " + guidanceRule.weight());
    }
    if (schedule instanceof Schedule.Listed listed && listed.sigmas().size() > STEPS_LIMIT + 1) {
      throw new InvalidSpec("schedule", "must list at most " + (STEPS_LIMIT + 1) + " levels");
    }
  }
}
