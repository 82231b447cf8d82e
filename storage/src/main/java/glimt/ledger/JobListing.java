package glimt.ledger;

import glimt.job.JobId;
import glimt.job.JobState;
import glimt.model.Kind;
import java.util.Optional;

/**
 * Which jobs to list.
 *
 * @param limit the largest number of jobs to list
 * @param after list only jobs that follow this one, which may have been deleted since
 * @param state list only jobs in this state
 * @param kind list only jobs of this kind
 * @param oldestFirst list in the order of submission, rather than the newest first
 */
public record JobListing(
    int limit,
    Optional<JobId> after,
    Optional<JobState> state,
    Optional<Kind> kind,
    boolean oldestFirst) {
  /** Makes a listing of every kind, the newest first. */
  public JobListing(int limit, Optional<JobId> after, Optional<JobState> state) {
    this(limit, after, state, Optional.empty(), false);
  }
}
