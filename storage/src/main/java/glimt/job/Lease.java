package glimt.job;

/**
 * The right to speak about one attempt at a task. The attempt number fences: it only grows, and a
 * word with an old one changes nothing.
 */
public record Lease(TaskId task, int attempt) {}
