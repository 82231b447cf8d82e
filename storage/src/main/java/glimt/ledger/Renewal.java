package glimt.ledger;

import glimt.job.Lease;
import java.util.Set;

/**
 * What the ledger answered to heartbeats.
 *
 * @param held the leases that are renewed; the workers of the others must stop
 * @param yielding those of {@code held} whose workers should hand their task back after the current
 *     step, because the job is paused or an urgent task needs the device
 */
public record Renewal(Set<Lease> held, Set<Lease> yielding) {
  public Renewal {
    held = Set.copyOf(held);
    yielding = Set.copyOf(yielding);
  }
}
