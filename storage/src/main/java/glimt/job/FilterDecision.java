package glimt.job;

import org.jspecify.annotations.Nullable;

/**
 * What a content filter decided about one part of a job.
 *
 * @param stage the part
 * @param level the level of an output; null for the other parts
 * @param allowed whether it passed
 * @param policy the filter and its version, such as {@code glimt-prompt-1}; {@code off} if nobody
 *     looked
 * @param category what was found; null if it passed
 * @param reason one sentence for the client, without its own words; null if it passed
 */
public record FilterDecision(
    FilterStage stage,
    @Nullable String level,
    boolean allowed,
    String policy,
    @Nullable String category,
    @Nullable String reason) {
  /** The policy of a farm whose filter is switched off. */
  public static final String OFF = "off";

  /** The parts of a job that a filter looks at. */
  public enum FilterStage {
    PROMPT,
    INPUT,
    OUTPUT
  }

  /** A decision to let something pass. */
  public static FilterDecision allow(FilterStage stage, String policy) {
    return new FilterDecision(stage, null, true, policy, null, null);
  }

  /** A decision to stop something. */
  public static FilterDecision block(
      FilterStage stage, String policy, String category, String reason) {
    return new FilterDecision(stage, null, false, policy, category, reason);
  }

  /** The same decision about a level. */
  public FilterDecision of(@Nullable String outputLevel) {
    return new FilterDecision(stage, outputLevel, allowed, policy, category, reason);
  }
}
