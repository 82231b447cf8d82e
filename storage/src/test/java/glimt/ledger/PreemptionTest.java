package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TenantId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Running tasks make room for urgent ones, and jobs are paused and changed while they run. */
class PreemptionTest {
  private final Ledger ledger = Ledger.fresh();

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void an_urgent_task_takes_the_place_of_the_least_urgent_which_goes_on_uncharged() {
    JobId normal = submit(JobClass.NORMAL);
    JobId bulk = submit(JobClass.BULK);
    Task one = ledger.claimOne("v");
    Task two = ledger.claimOne("w");
    assertThat(List.of(one.job(), two.job())).containsExactly(normal, bulk);
    assertThat(ledger.tasks.preempt()).isEmpty();
    JobId urgent = submit(JobClass.URGENT);
    assertThat(ledger.tasks.preempt()).containsExactly(bulk);
    // It is asked once, for one urgent task.
    assertThat(ledger.tasks.preempt()).isEmpty();
    Renewal renewal = ledger.tasks.renew(Map.of(one.lease(), 2, two.lease(), 2));
    assertThat(renewal.held()).hasSize(2);
    assertThat(renewal.yielding()).containsExactly(two.lease());
    giveBack(two.lease(), 2);
    assertThat(ledger.claimOne("w").job()).isEqualTo(urgent);

    Task again = ledger.claimOne("x");
    assertThat(again.lease()).isEqualTo(new Lease(two.lease().task(), 2));
    assertThat(again.checkpoint()).map(Checkpoint::step).contains(2);
    assertThat(ledger.tasks.renew(Map.of(again.lease(), 2)).yielding()).isEmpty();
    ledger.succeed(again);
    assertThat(ledger.view(bulk).levels().getFirst().tasks().getFirst().attempts())
        .extracting(AttemptView::outcome)
        .containsExactly("yielded", "succeeded");
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  @Test
  void a_worker_that_is_free_spares_the_others() {
    submit(JobClass.BULK);
    ledger.claimOne("w");
    assertThat(ledger.claim("free", 1)).isEmpty();
    JobId urgent = submit(JobClass.URGENT);
    assertThat(ledger.tasks.preempt()).isEmpty();
    assertThat(ledger.claimOne("free").job()).isEqualTo(urgent);
  }

  @Test
  void a_task_is_preempted_a_few_times_and_then_left_alone() {
    JobId bulk = submit(JobClass.BULK);
    for (int times = 0; times < Preemptions.MOST; times++) {
      Task task = ledger.claimOne("w");
      JobId urgent = submit(JobClass.URGENT);
      assertThat(ledger.tasks.preempt()).containsExactly(bulk);
      giveBack(task.lease(), times + 1);
      assertThat(ledger.claimOne("w").job()).isEqualTo(urgent);
      ledger.jobs.cancel(TenantId.DEFAULT, urgent);
    }
    ledger.claimOne("w");
    submit(JobClass.URGENT);
    assertThat(ledger.tasks.preempt()).isEmpty();
  }

  @Test
  void when_the_worker_dies_that_was_to_make_room_its_task_goes_on_from_its_checkpoint() {
    submit(JobClass.BULK);
    Task task = ledger.claimOne("w");
    JobId urgent = submit(JobClass.URGENT);
    ledger.tasks.checkpoint(task.lease(), checkpoint(1));
    ledger.tasks.preempt();
    ledger.tasks.lose(ledger.worker("w").id());
    Task first = ledger.claimOne("x");
    assertThat(first.job()).isEqualTo(urgent);
    // The one that took its place dies too.
    ledger.tasks.lose(ledger.worker("x").id());
    assertThat(ledger.claimOne("y").job()).isEqualTo(urgent);
    Task again = ledger.claimOne("z");
    assertThat(again.lease()).isEqualTo(new Lease(task.lease().task(), 2));
    assertThat(again.checkpoint()).map(Checkpoint::step).contains(1);
    assertThat(ledger.tasks.renew(Map.of(again.lease(), 2)).yielding()).isEmpty();
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  @Test
  void a_paused_job_yields_and_waits_until_it_goes_on() {
    JobId job = submit(JobClass.NORMAL);
    Task task = ledger.claimOne("w");
    assertThat(change(job, null, true).paused()).isNotNull();
    assertThat(ledger.tasks.renew(Map.of(task.lease(), 2)).yielding())
        .containsExactly(task.lease());
    giveBack(task.lease(), 2);
    assertThat(ledger.claim("w", 1)).isEmpty();
    JobId other = submit(JobClass.BULK);
    Task others = ledger.claimOne("w");
    assertThat(others.job()).isEqualTo(other);
    // A class may be given to a paused job, which goes on waiting.
    change(job, JobClass.URGENT, null);
    assertThat(ledger.claim("v", 1)).isEmpty();
    assertThat(change(job, null, false).paused()).isNull();
    assertThat(ledger.claimOne("v").checkpoint()).map(Checkpoint::step).contains(2);
  }

  @Test
  void another_class_counts_from_the_next_claim_on_and_an_ended_job_keeps_its_own() {
    JobId first = submit(JobClass.NORMAL);
    JobId second = submit(JobClass.NORMAL);
    assertThat(change(second, JobClass.URGENT, null).urgency()).isEqualTo(JobClass.URGENT);
    assertThat(ledger.claimOne("w").job()).isEqualTo(second);
    ledger.jobs.cancel(TenantId.DEFAULT, first);
    assertThat(change(first, JobClass.BULK, true))
        .satisfies(
            job -> {
              assertThat(job.state()).isEqualTo(JobState.CANCELLED);
              assertThat(job.urgency()).isEqualTo(JobClass.NORMAL);
              assertThat(job.paused()).isNull();
            });
    assertThat(ledger.jobs.change(new TenantId("another"), second, null, true, null)).isEmpty();
  }

  private JobView change(JobId job, @Nullable JobClass urgency, @Nullable Boolean paused) {
    return ledger.jobs.change(TenantId.DEFAULT, job, urgency, paused, null).orElseThrow();
  }

  private void giveBack(Lease lease, int step) {
    ledger.tasks.end(
        lease,
        new Outcome.Yielded(Optional.of(checkpoint(step))),
        new Effort("test", 0, step, 0.5, 0.4));
  }

  private static Checkpoint checkpoint(int step) {
    return new Checkpoint(Ledger.digestOf("step " + step), step, "test");
  }

  private JobId submit(JobClass urgency) {
    return ledger
        .jobs
        .submit(
            NewJob.of(
                    TenantId.DEFAULT,
                    Ledger.spec(),
                    ledger.digest,
                    Plan.of(Ledger.spec(), ledger.card))
                .urgency(urgency))
        .orElseThrow()
        .id();
  }
}
