package glimt.ledger;

import glimt.job.JobId;
import glimt.job.Lease;

/**
 * What the ledger made of an {@link AttemptEnd} whose lease still held.
 *
 * @param seq the number of the newest event of the job
 * @param freed whether a task is ready now that was not ready before
 */
public record Settlement(Lease lease, JobId job, long seq, boolean freed) {}
