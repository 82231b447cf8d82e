package glimt.ledger;

import glimt.job.WorkerCard;
import glimt.job.WorkerTimes;
import org.jspecify.annotations.Nullable;

/**
 * A worker that seeks a task.
 *
 * @param machine where it runs; devices of two machines may have the same name
 * @param times how it spent its life, now that all ends it reported are settled; null if it did not
 *     say
 */
public record Seeker(WorkerCard worker, String machine, @Nullable WorkerTimes times) {
  /**
   * Whether one claim may be made for both: what one may do the other may do, and a task that must
   * be alone on its device leaves the other in peace.
   */
  public boolean isLike(Seeker other) {
    return worker.numericClass().equals(other.worker.numericClass())
        && worker.memory() == other.worker.memory()
        && worker.bundles().equals(other.worker.bundles())
        && worker.restated().equals(other.worker.restated())
        && worker.warm().equals(other.worker.warm())
        && !(machine.equals(other.machine) && worker.device().equals(other.worker.device()));
  }
}
