package glimt.job;

/**
 * A worker's permission to work on a task and to report on it. The attempt number is a fencing
 * token: each claim increases it, and the ledger ignores reports with an older number.
 */
public record Lease(TaskId task, int attempt) {}
