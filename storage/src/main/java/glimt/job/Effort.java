package glimt.job;

/**
 * What an attempt took.
 *
 * @param numericClass what its bits depend on: engine build, instruction set or GPU, precision,
 *     threads
 * @param resumedFrom the step it began at; 0 is the beginning
 * @param steps how many steps it did itself
 * @param seconds how long it was busy
 * @param networkSeconds how much of that the networks' forward passes took
 */
public record Effort(
    String numericClass, int resumedFrom, int steps, double seconds, double networkSeconds) {}
