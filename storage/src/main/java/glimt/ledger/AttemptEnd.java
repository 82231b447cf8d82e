package glimt.ledger;

import glimt.job.Effort;
import glimt.job.Lease;
import glimt.job.Outcome;

/** How an attempt ended, as its worker reported it. */
public record AttemptEnd(Lease lease, Outcome outcome, Effort effort) {}
