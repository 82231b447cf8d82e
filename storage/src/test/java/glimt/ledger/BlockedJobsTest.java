package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.ledger.Usage.UsageKey;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of a job that a content filter stops. */
class BlockedJobsTest {
  private static final FilterDecision STOPPED =
      FilterDecision.block(FilterStage.OUTPUT, "test-1", "sexual", "it shows something").of("base");

  private final Ledger ledger = Ledger.fresh();

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void it_ends_as_blocked_with_the_reason_and_its_other_tasks_are_cancelled() {
    JobId job = ledger.submit();
    Task task = ledger.claimOne("w");
    ledger.tasks.end(task.lease(), new Outcome.Blocked(STOPPED), effort());
    JobView view = ledger.jobs.find(TenantId.DEFAULT, job).orElseThrow();
    assertThat(view.state()).isEqualTo(JobState.BLOCKED);
    assertThat(view.fault()).isEqualTo(Fault.BLOCKED);
    assertThat(view.why()).isEqualTo("it shows something");
    assertThat(view.decisions()).containsExactly(STOPPED);
    assertThat(ledger.events.after(TenantId.DEFAULT, job, 0, 100).getLast().fact())
        .isEqualTo(new JobEvent.JobEnded(JobState.BLOCKED, Fault.BLOCKED, "it shows something"));
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
    assertThat(ledger.count("SELECT count(*) FROM task WHERE state IN ('ready', 'running')"))
        .as("tasks that a worker could still be given")
        .isZero();
  }

  @Test
  void its_finished_levels_are_withheld_and_nothing_of_it_is_to_be_paid_for() {
    JobId job = ledger.submit();
    Task first = ledger.claimOne("w");
    FilterDecision passed = FilterDecision.allow(FilterStage.OUTPUT, "test-1").of("base");
    ledger.tasks.end(
        first.lease(),
        new Outcome.Succeeded(Ledger.success(first).products(), List.of(), List.of(passed)),
        effort());
    assertThat(view(job).decisions()).containsExactly(passed);
    Task next = ledger.claimOne("w");
    ledger.tasks.end(next.lease(), new Outcome.Blocked(STOPPED), effort());
    assertThat(view(job).levels())
        .isNotEmpty()
        .allSatisfy(level -> assertThat(level.products()).isEmpty());
    LocalDate today = LocalDate.now(Clock.systemUTC());
    Usage.DeviceUse use =
        new Usage(ledger.database)
            .by(UsageKey.JOB, null, today.minusDays(1), today.plusDays(1))
            .getFirst();
    assertThat(use.seconds()).isEqualTo(8);
    assertThat(use.useful()).isZero();
    assertThat(ledger.jobs.delete(TenantId.DEFAULT, job)).isTrue();
  }

  private JobView view(JobId job) {
    return ledger.jobs.find(TenantId.DEFAULT, job).orElseThrow();
  }

  private static Effort effort() {
    return new Effort("test", 0, 4, 4.0, 2.0);
  }
}
