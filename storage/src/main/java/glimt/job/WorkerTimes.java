package glimt.job;

/**
 * How a worker spent its life so far, in seconds. What is in neither part is in the attempts whose
 * ends it reported.
 *
 * @param life since it started
 * @param idle without a task
 * @param other with a task that was taken from it, or while it reported the end of one
 */
public record WorkerTimes(double life, double idle, double other) {}
