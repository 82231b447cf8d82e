package glimt.job;

import org.jspecify.annotations.Nullable;

/**
 * The work that one attempt at a task took.
 *
 * @param numericClass what the bits of the result depend on: engine build, instruction set or GPU,
 *     precision, threads
 * @param resumedFrom the number of steps done by earlier attempts; 0 if it started anew
 * @param steps the number of steps that the attempt did itself
 * @param seconds the time the attempt was busy
 * @param networkSeconds the part of {@code seconds} spent in the networks' forward passes
 * @param timings where {@code seconds} went; null if the worker did not say
 */
public record Effort(
    String numericClass,
    int resumedFrom,
    int steps,
    double seconds,
    double networkSeconds,
    @Nullable Timings timings) {
  /** An effort of which it is not known where the seconds went. */
  public Effort(
      String numericClass, int resumedFrom, int steps, double seconds, double networkSeconds) {
    this(numericClass, resumedFrom, steps, seconds, networkSeconds, null);
  }
}
