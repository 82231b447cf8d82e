package glimt.worker;

import glimt.job.Outcome;
import glimt.job.Task;
import java.util.List;

/** Does the work of tasks. All calls come from one thread, except where a method says otherwise. */
@FunctionalInterface
public interface Maker {
  /**
   * Does a task, and reports progress to {@code attempt}.
   *
   * @return success, or a failure that an exception could not describe as well
   * @throws InterruptedException if {@link Attempt#check} stopped the attempt between two steps
   * @throws Exception if the attempt failed; {@link Blame} decides what kind of fault that is
   */
  Outcome make(Task task, Attempt attempt) throws Exception;

  /** Returns the digests of the weights that are on the device now. Any thread may call this. */
  default List<String> warm() {
    return List.of();
  }
}
