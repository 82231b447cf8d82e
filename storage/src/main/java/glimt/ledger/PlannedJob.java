package glimt.ledger;

import static java.util.Objects.requireNonNull;

import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.LevelView;
import glimt.job.JobView.TaskView;
import glimt.job.Plan;
import glimt.job.PlannedEnd;
import glimt.job.TaskId;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.Webhook;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A job that is to be written by {@link Submissions}.
 *
 * @param taken what it takes over from another job; null for nothing
 * @param drafts the first of the drafts that it is one of; null for none
 * @param end how far it is made, to end within its limits; null for as far as it asks for
 * @param submitter who asked for it, see {@link Acting}; null for the farm itself
 */
record PlannedJob(
    JobId job,
    NewJob asked,
    @Nullable TakenLevel taken,
    @Nullable JobId drafts,
    @Nullable PlannedEnd end,
    @Nullable String submitter) {
  PlannedJob(NewJob asked, @Nullable PlannedEnd end) {
    this(JobId.random(), asked, null, null, end, Acting.actor());
  }

  /** The row of one of its tasks. */
  record WrittenTask(JobId job, Instant created, TaskId task) {
    static WrittenTask read(ResultSet row) throws SQLException {
      return new WrittenTask(
          new JobId(row.getObject("job", UUID.class)),
          row.getObject("created", OffsetDateTime.class).toInstant(),
          new TaskId(row.getLong("task")));
    }
  }

  TenantId tenant() {
    return asked.tenant();
  }

  Plan plan() {
    return asked.plan();
  }

  @Nullable IdempotencyKey key() {
    return asked.key();
  }

  @Nullable Webhook webhook() {
    return asked.webhook();
  }

  JobEvent.Fact submitted() {
    return taken == null
        ? new JobEvent.Submitted(plan().warnings())
        : new JobEvent.Submitted(plan().warnings(), asked.origin(), taken.level());
  }

  /** Returns the task whose result one of its tasks takes over; null if it is done here. */
  @Nullable Long source(Plan.PlannedTask task) {
    return taken == null || !task.taken()
        ? null
        : (Long) requireNonNull(taken.tasks().get(task.ordinal())).value();
  }

  /** Returns how many inputs of one of its tasks are not there yet. */
  int missing(Plan.PlannedTask task) {
    return (int) task.after().stream().filter(input -> !plan().tasks().get(input).taken()).count();
  }

  /**
   * Returns its view when it was just written, without another query, and without what it takes
   * over.
   *
   * @param rows its tasks, in the order of the plan
   */
  JobView view(List<WrittenTask> rows) {
    Map<String, List<TaskView>> levels = new LinkedHashMap<>();
    for (Plan.PlannedTask task : plan().tasks()) {
      levels
          .computeIfAbsent(task.work().level(), _ -> new ArrayList<>())
          .add(
              new TaskView(
                  rows.get(task.ordinal()).task(),
                  task.ordinal(),
                  task.work(),
                  state(task),
                  0,
                  List.of()));
    }
    return new JobView(
        job,
        tenant(),
        asked.urgency(),
        null,
        asked.limits(),
        end,
        asked.spec(),
        asked.card(),
        asked.origin(),
        taken == null ? null : taken.level(),
        drafts,
        JobState.QUEUED,
        0,
        plan().warnings(),
        asked.decisions(),
        rows.getFirst().created(),
        null,
        null,
        null,
        null,
        null,
        1,
        levels.entrySet().stream()
            .map(
                level ->
                    new LevelView(level.getKey(), JobState.QUEUED, 0, List.of(), level.getValue()))
            .toList());
  }

  private TaskState state(Plan.PlannedTask task) {
    if (task.taken()) {
      return TaskState.SUCCEEDED;
    }
    return missing(task) == 0 ? TaskState.READY : TaskState.BLOCKED;
  }
}
