package glimt.ledger;

import glimt.job.JobId;
import glimt.job.Plan;
import glimt.job.TaskId;
import java.util.Map;

/**
 * A finished level of a job that another job begins with.
 *
 * @param job the job that has it
 * @param level its name
 * @param tasks the tasks of {@code job} whose results are taken over, by the ordinals of those that
 *     take them in {@link Plan#tasks}
 */
public record TakenLevel(JobId job, String level, Map<Integer, TaskId> tasks) {
  public TakenLevel {
    tasks = Map.copyOf(tasks);
  }
}
