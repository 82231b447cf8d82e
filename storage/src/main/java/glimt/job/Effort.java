package glimt.job;

/**
 * The work that one attempt at a task took.
 *
 * @param numericClass what the bits of the result depend on: engine build, instruction set or GPU,
 *     precision, threads
 * @param resumedFrom the number of steps done by earlier attempts; 0 if it started anew
 * @param steps the number of steps that the attempt did itself
 * @param seconds the time the attempt was busy
 * @param networkSeconds the part of {@code seconds} spent in the networks' forward passes
 */
public record Effort(
    String numericClass, int resumedFrom, int steps, double seconds, double networkSeconds) {}
