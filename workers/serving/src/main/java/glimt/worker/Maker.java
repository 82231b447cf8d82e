package glimt.worker;

import glimt.job.Outcome;
import glimt.job.Task;
import java.util.List;

/** How a worker makes what a task asks for. Called by one thread at a time, always the same. */
@FunctionalInterface
public interface Maker {
  /**
   * Makes it, and says through {@code attempt} how far it is.
   *
   * @return success, or a failure that the maker can tell better than an exception could
   * @throws InterruptedException from {@link Attempt#check}: stopped between two steps, nothing
   *     made
   * @throws Exception what went wrong; {@link Blame} says what kind of fault that is
   */
  Outcome make(Task task, Attempt attempt) throws Exception;

  /** The digests of the weights that are on the device now; any thread may ask. */
  default List<String> warm() {
    return List.of();
  }
}
