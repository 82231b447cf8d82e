package glimt.ledger;

import glimt.job.JobView;
import java.util.List;

/**
 * One page of a listing.
 *
 * @param more whether further jobs follow
 */
public record JobPage(List<JobView> jobs, boolean more) {
  public JobPage {
    jobs = List.copyOf(jobs);
  }
}
