package glimt.ledger;

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
import glimt.job.Task;
import glimt.job.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
                .change(TenantId.DEFAULT, job, null, null, Jobs.NO_DEADLINE)
                .orElseThrow()
                .limits()
                .deadline())
        .isNull();
  }

  @Test
  void a_budget_that_is_no_time_is_refused() {
    for (double wrong : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new JobLimits(null, wrong)).isInstanceOf(InvalidSpec.class);
    }
  }
}
