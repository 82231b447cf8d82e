package glimt.job;

import org.jspecify.annotations.Nullable;

/**
 * Which of a model's levels a job makes.
 *
 * @param until the last one; null for the highest of its size
 * @param after the one that it takes over from another job, made with other words or another seed;
 *     null if all levels below are, or would be, made as the spec says
 * @param sample what it takes over: the sample of {@code after}; null without it
 */
public record LevelRange(
    @Nullable String until, @Nullable String after, @Nullable ArtifactId sample) {
  public LevelRange {
    if ((after == null) != (sample == null)) {
      throw new IllegalArgumentException("a level that is taken over has a sample");
    }
  }

  /** Returns the range, or null if it is every level of the spec itself. */
  static @Nullable LevelRange of(
      @Nullable String until, @Nullable String after, @Nullable ArtifactId sample) {
    return until == null && after == null ? null : new LevelRange(until, after, sample);
  }

  /** Returns this range to another last level. */
  static @Nullable LevelRange to(@Nullable LevelRange range, @Nullable String until) {
    return range == null ? of(until, null, null) : of(until, range.after, range.sample);
  }
}
