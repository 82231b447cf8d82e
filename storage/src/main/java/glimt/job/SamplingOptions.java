package glimt.job;

import glimt.model.GuidanceRule;
import glimt.model.Quality;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import org.jspecify.annotations.Nullable;

/**
 * A job's sampling options; null values are taken from the card. Seed, quality and whether walks
 * may end early apply to every level. Steps, guidance, sampler, schedule and thresholds apply to
 * the base level only, which decides the content; the levels above keep the settings of their card.
 *
 * @param seed 0 to {@link #SEED_LIMIT}
 * @param steps 1 to {@link #STEPS_LIMIT}
 * @param guidance the weight of guidance, 0 to {@link #GUIDANCE_LIMIT}, with the rest of the rule
 *     taken from the card; excludes {@code guidanceRule}
 * @param sampler the sampler's public name
 * @param quality null means full
 * @param guidanceRule the whole guidance rule; excludes {@code guidance}
 * @param schedule which noise levels are visited; must suit the network's answer
 * @param thresholds how estimates of the clean sample are kept in range
 * @param adaptive true if the walk of every level ends as early as its card allows; excludes {@code
 *     steps}, {@code sampler} and {@code schedule}, since the card's tolerance was measured along
 *     its own walk; null otherwise
 */
public record SamplingOptions(
    long seed,
    @Nullable Integer steps,
    @Nullable Double guidance,
    @Nullable String sampler,
    @Nullable Quality quality,
    @Nullable GuidanceRule guidanceRule,
    @Nullable Schedule schedule,
    @Nullable Thresholds thresholds,
    @Nullable Boolean adaptive) {
  /** How a request asks for walks that end early, in the place of a number of steps. */
  public static final String AUTO = "auto";

  /** The largest seed: 2^53 - 1, because JSON readers may keep integers in a double. */
  public static final long SEED_LIMIT = (1L << 53) - 1;

  /** The largest number of steps of the base level. */
  public static final int STEPS_LIMIT = 1000;

  /** The largest weight of guidance. */
  public static final double GUIDANCE_LIMIT = 20;

  /** Makes options with the card's guidance rule, schedule and thresholds. */
  public SamplingOptions(
      long seed,
      @Nullable Integer steps,
      @Nullable Double guidance,
      @Nullable String sampler,
      @Nullable Quality quality) {
    this(seed, steps, guidance, sampler, quality, null, null, null);
  }

  /** Makes options with walks to their end. */
  public SamplingOptions(
      long seed,
      @Nullable Integer steps,
      @Nullable Double guidance,
      @Nullable String sampler,
      @Nullable Quality quality,
      @Nullable GuidanceRule guidanceRule,
      @Nullable Schedule schedule,
      @Nullable Thresholds thresholds) {
    this(seed, steps, guidance, sampler, quality, guidanceRule, schedule, thresholds, null);
  }

  /** Makes options that take everything but the seed from the card. */
  public static SamplingOptions seeded(long seed) {
    return new SamplingOptions(seed, null, null, null, null);
  }

  /** Returns these options with another seed. */
  public SamplingOptions with(long other) {
    return new SamplingOptions(
        other, steps, guidance, sampler, quality, guidanceRule, schedule, thresholds, adaptive);
  }

  /** Returns these options with walks that end as early as the card allows. */
  public SamplingOptions endingEarly() {
    return new SamplingOptions(
        seed, steps, guidance, sampler, quality, guidanceRule, schedule, thresholds, true);
  }

  /** Whether the walk of every level ends as early as its card allows. */
  public boolean endsEarly() {
    return adaptive != null;
  }

  /**
   * Returns whether the options make a negative prompt what a result looks like, in part or whole:
   * guidance of weight w adds up w parts of the prompt and 1 - w of the negative one.
   */
  public boolean drawsToNegative() {
    return (guidance != null && guidance < 1)
        || (guidanceRule != null && guidanceRule.weight() < 1);
  }

  /**
   * Checks the values.
   *
   * @throws InvalidSpec if a value is out of its limits
   */
  public SamplingOptions {
    adaptive = Boolean.TRUE.equals(adaptive) ? adaptive : null;
    if (adaptive != null && (steps != null || sampler != null || schedule != null)) {
      throw new InvalidSpec(
          "steps",
          "cannot be auto with %s of one's own: how early a walk may end was measured along the model's"
              .formatted(steps != null ? "steps" : sampler != null ? "a sampler" : "a schedule"));
    }
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
      throw new InvalidSpec("guidance", "is part of guidanceRule; give only one of them");
    }
    if (guidanceRule != null && guidanceRule.weight() > GUIDANCE_LIMIT) {
      throw new InvalidSpec(
          "guidanceRule",
          "must have a weight of 0 to " + GUIDANCE_LIMIT + ", not " + guidanceRule.weight());
    }
    if (schedule instanceof Schedule.Listed listed && listed.sigmas().size() > STEPS_LIMIT + 1) {
      throw new InvalidSpec("schedule", "must list at most " + (STEPS_LIMIT + 1) + " levels");
    }
  }
}
