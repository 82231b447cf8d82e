package glimt.ledger;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.InvalidSpec;
import glimt.job.JobClass;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.PlannedEnd;
import glimt.job.Task;
import glimt.job.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Jobs that have to end early. A job of the ledger has the levels base and dense. */
class DeadlinesTest {
  private static final Instant FAR = Instant.parse("2100-01-01T00:00:00Z");

  private final Ledger ledger = Ledger.fresh();
  private final Deadlines deadlines = new Deadlines(ledger.database);

  @AfterEach
  void close() {
    ledger.close();
  }

  private JobId submit(JobLimits limits) {
    return ledger
        .jobs
        .submit(
            NewJob.of(
                    TenantId.DEFAULT,
                    Ledger.spec(),
                    ledger.digest,
                    Plan.of(Ledger.spec(), ledger.card))
                .limits(limits))
        .orElseThrow()
        .id();
  }

  private void letDeadlinePass(JobId job) {
    ledger.sql("UPDATE job SET deadline = now() - interval '1 second' WHERE id = ?", job.value());
  }

  private void end(Task task, double seconds) {
    int steps = task.work().steps();
    ledger.tasks.end(
        task.lease(), Ledger.success(task), new Effort("test", 0, steps, seconds, seconds));
  }

  @Test
  void when_the_deadline_passes_the_newest_whole_level_is_the_result() {
    JobId job = submit(new JobLimits(FAR, null));
    end(ledger.claimOne("w"), 1);
    end(ledger.claimOne("w"), 1);
    Task running = ledger.claimOne("w");
    assertThat(deadlines.endDue()).isEmpty();
    letDeadlinePass(job);
    assertThat(deadlines.endDue()).containsExactly(job);
    JobView view = ledger.view(job);
    assertThat(view.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(view.endedAtLevel()).isEqualTo("base");
    assertThat(view.why()).isEqualTo("its deadline passed; its result is the level base");
    assertThat(view.levels())
        .extracting(JobView.LevelView::state)
        .containsExactly(JobState.SUCCEEDED, JobState.CANCELLED);
    assertThat(view.highestFinished().orElseThrow().name()).isEqualTo("base");
    // What runs still is told that its lease is gone, and nothing more is handed out.
    assertThat(ledger.tasks.renew(Map.of(running.lease(), 1)).held()).isEmpty();
    assertThat(ledger.succeed(running)).isEqualTo(Optional.empty());
    assertThat(ledger.claim("w", 8)).isEmpty();
    assertThat(deadlines.endDue()).isEmpty();
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  @Test
  void without_a_whole_level_the_job_fails_and_says_that_it_was_late() {
    JobId job = submit(new JobLimits(FAR, null));
    ledger.claimOne("w");
    letDeadlinePass(job);
    assertThat(deadlines.endDue()).containsExactly(job);
    JobView view = ledger.view(job);
    assertThat(view.state()).isEqualTo(JobState.FAILED);
    assertThat(view.fault()).isEqualTo(Fault.LATE);
    assertThat(view.why()).startsWith("its deadline passed before its first level was finished");
    assertThat(view.endedAtLevel()).isNull();
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  @Test
  void a_budget_is_spent_by_all_attempts_but_those_that_were_lost() {
    JobId job = submit(new JobLimits(null, 100.0));
    Task lost = ledger.claimOne("v");
    ledger.sql("UPDATE attempt SET started = started - interval '1 hour'");
    ledger.tasks.lose(ledger.worker("v").id());
    assertThat(lost.job()).isEqualTo(job);
    assertThat(deadlines.endDue()).isEmpty();
    Task handedBack = ledger.claimOne("w");
    ledger.tasks.end(
        handedBack.lease(),
        new Outcome.Yielded(Optional.empty()),
        new Effort("test", 0, 1, 60, 60));
    assertThat(deadlines.endDue()).isEmpty();
    end(ledger.claimOne("w"), 20);
    end(ledger.claimOne("w"), 1);
    assertThat(deadlines.endDue()).isEmpty();
    ledger.claimOne("w");
    // What runs counts too.
    ledger.sql("UPDATE attempt SET started = started - interval '20 seconds' WHERE ended IS NULL");
    assertThat(deadlines.endDue()).containsExactly(job);
    assertThat(ledger.view(job).why())
        .isEqualTo("its budget of 100.0 device-seconds was spent; its result is the level base");
  }

  @Test
  void a_deadline_that_is_moved_in_time_ends_nothing_and_each_change_is_an_event() {
    JobId job = submit(new JobLimits(FAR, null));
    letDeadlinePass(job);
    ledger.jobs.change(TenantId.DEFAULT, job, JobClass.BULK, null, FAR);
    assertThat(deadlines.endDue()).isEmpty();
    assertThat(ledger.view(job).limits().deadline()).isEqualTo(FAR);
    assertThat(ledger.events.after(TenantId.DEFAULT, job, 1, 9))
        .extracting(JobEvent::fact)
        .isEqualTo(List.of(new JobEvent.JobChanged(JobClass.BULK, null, FAR)));
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
    assertThat(
            ledger
                .jobs
                .change(TenantId.DEFAULT, job, null, null, JobLimits.NO_DEADLINE)
                .orElseThrow()
                .limits()
                .deadline())
        .isNull();
  }

  /** Does a job whose every step takes 100 seconds: a base of 500 s and a dense level of 700. */
  private void learn() {
    ledger.submit();
    for (List<Task> claimed = ledger.claim("w", 1);
        !claimed.isEmpty();
        claimed = ledger.claim("w", 1)) {
      end(claimed.getFirst(), 100.0 * claimed.getFirst().work().steps());
    }
  }

  private static JobLimits in(long seconds) {
    return new JobLimits(Instant.now().plusSeconds(seconds), null);
  }

  private @Nullable PlannedEnd planned(JobId job) {
    return ledger.view(job).plannedEnd();
  }

  @Test
  void a_level_that_cannot_be_ready_in_time_is_left_out_from_the_start() {
    learn();
    JobId job = submit(in(600));
    PlannedEnd end = requireNonNull(planned(job));
    assertThat(end.level()).isEqualTo("base");
    assertThat(end.why())
        .matches(
            "planned to its deadline: dense would be ready [0-9.]+ s after it; its last level"
                + " is base");
    assertThat(new Forecasts(ledger.database).of(ledger.view(job)).deviceSeconds()).isEqualTo(500);
    end(ledger.claimOne("w"), 400);
    Task file = ledger.claimOne("w");
    assertThat(ledger.view(job).state()).isEqualTo(JobState.RUNNING);
    end(file, 100);
    JobView view = ledger.view(job);
    assertThat(view.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(view.endedAtLevel()).isEqualTo("base");
    assertThat(view.why()).startsWith("planned to its deadline: dense would be ready");
    assertThat(ledger.claim("w", 8)).isEmpty();
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  @Test
  void a_level_that_turns_out_to_fit_when_the_one_below_is_whole_is_made_after_all() {
    learn();
    JobId before = ledger.submit();
    JobId job = submit(in(1900));
    assertThat(requireNonNull(planned(job)).level()).isEqualTo("base");
    ledger.jobs.cancel(TenantId.DEFAULT, before);
    end(ledger.claimOne("w"), 400);
    end(ledger.claimOne("w"), 100);
    assertThat(planned(job)).isNull();
    assertThat(ledger.view(job).state()).isEqualTo(JobState.RUNNING);
    assertThat(ledger.claim("w", 8)).hasSize(3);
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  @Test
  void a_level_is_left_out_when_the_one_below_took_too_long() {
    learn();
    JobId job = submit(in(1300));
    assertThat(planned(job)).isNull();
    end(ledger.claimOne("w"), 400);
    Task file = ledger.claimOne("w");
    ledger.sql(
        "UPDATE job SET deadline = now() + interval '600 seconds' WHERE id = ?", job.value());
    end(file, 100);
    assertThat(ledger.view(job).endedAtLevel()).isEqualTo("base");
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  @Test
  void a_budget_is_planned_to_alike_and_a_first_level_is_always_begun() {
    learn();
    assertThat(requireNonNull(planned(submit(new JobLimits(null, 600.0)))).why())
        .isEqualTo(
            "planned to its budget of 600.0 device-seconds: with dense it would take 1200.0;"
                + " its last level is base");
    assertThat(requireNonNull(planned(submit(new JobLimits(null, 60.0)))).why())
        .isEqualTo(
            "planned to its budget of 60.0 device-seconds: with base it would take 500.0;"
                + " its last level is base");
    assertThat(planned(submit(new JobLimits(null, 1200.0)))).isNull();
  }

  @Test
  void a_deadline_that_is_moved_and_a_pause_change_what_is_planned() {
    learn();
    JobId job = submit(in(1000));
    ledger.jobs.change(TenantId.DEFAULT, job, null, null, FAR);
    assertThat(planned(job)).isNull();
    ledger.jobs.change(TenantId.DEFAULT, job, null, null, Instant.now().plusSeconds(800));
    assertThat(requireNonNull(planned(job)).level()).isEqualTo("base");
    ledger.jobs.change(TenantId.DEFAULT, job, null, true, null);
    assertThat(planned(job)).isNull();
    ledger.jobs.change(TenantId.DEFAULT, job, null, false, null);
    assertThat(requireNonNull(planned(job)).level()).isEqualTo("base");
    ledger.jobs.change(TenantId.DEFAULT, job, null, null, JobLimits.NO_DEADLINE);
    assertThat(planned(job)).isNull();
  }

  @Test
  void nothing_is_left_out_while_no_step_is_known_and_no_worker_is_there() {
    assertThat(planned(submit(in(1)))).isNull();
    learn();
    ledger.sql("DELETE FROM worker");
    assertThat(planned(submit(in(1)))).isNull();
  }

  @Test
  void a_budget_that_is_no_time_is_refused() {
    for (double wrong : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new JobLimits(null, wrong)).isInstanceOf(InvalidSpec.class);
    }
  }
}
