package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.Timings;
import glimt.job.WorkerTimes;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The audit finds rows that break a promise, and reports nothing for a healthy ledger. */
class AuditTest {
  private Ledger ledger;
  private Audit audit;

  @BeforeEach
  void open() {
    ledger = Ledger.fresh();
    audit = new Audit(ledger.database);
  }

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void a_ledger_of_every_kind_of_end_breaks_no_promise() {
    JobId done = ledger.submit();
    Task lost = ledger.claimOne("w1");
    ledger.letLeasesRunOut();
    ledger.tasks.expire();
    Task failed = ledger.claimOne("w2");
    ledger.tasks.end(
        failed.lease(), new Outcome.Failed(Fault.INTERNAL, "of itself"), Ledger.EFFORT);
    ledger.finishAll("w3");
    assertThat(ledger.succeed(lost)).as("a late report").isEmpty();
    ArtifactId last = ledger.view(done).levels().getLast().products().getFirst().artifact().id();
    JobId cancelled = ledger.submit();
    ledger.claimOne("w4");
    ledger.jobs.cancel(TenantId.DEFAULT, cancelled);
    assertThat(ledger.tasks.remake(done, last)).as("after the end").isTrue();
    ledger.claimOne("w3");
    ledger.letLeasesRunOut();
    ledger.tasks.expire();
    ledger.claimOne("w6");
    JobId open = ledger.submit();
    ledger.claimOne("w5");

    assertThat(audit.breaches()).isEmpty();
    assertThat(audit.jobs()).containsExactlyInAnyOrder(done, cancelled, open);
    assertThat(audit.open()).containsExactly(open);
    assertThat(audit.made(done)).hasSize(6).first().asString().startsWith("0/0 ");
    assertThat(audit.named()).contains(Ledger.made(lost));
    assertThat(audit.attempts(done)).extracting(Audit.Begun::outcome).startsWith("lost", "failed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DELETE FROM event WHERE seq = 2 | events are numbered without a gap",
        "DELETE FROM event WHERE seq = (SELECT last_seq FROM job) | the last event, and no other,"
            + " is the job's end",
        "DELETE FROM product WHERE task = 1 | a result has a product",
        "UPDATE attempt SET outcome = 'yielded' WHERE task = 1 | one accepted result",
        "UPDATE attempt SET ended = NULL, outcome = NULL WHERE task = 2 | only the newest attempt"
            + " runs",
        "UPDATE attempt SET number = 7 WHERE task = 3 | attempts are numbered without a gap",
        "UPDATE attempt SET started = started - interval '1 hour' WHERE task = 6 | no task begins"
            + " before its inputs",
        "UPDATE job SET ended = ended - interval '1 hour' | no attempt follows its job's end,"
            + " except for repairs",
        "UPDATE attempt SET resumed_from = 3 WHERE task = 1 | a resumed attempt has a predecessor",
        "UPDATE attempt SET resumed_from = 3 WHERE task = 1 | no task mixes numeric classes",
        "UPDATE job SET ended = NULL, ending = NULL | a job whose tasks are done has ended"
      })
  void a_broken_promise_is_told(String harm, String promise) {
    JobId job = ledger.submit();
    ledger.finishAll("w1");
    assertThat(audit.breaches()).isEmpty();
    assertThat(ledger.sql(harm)).as("rows changed").isPositive();
    assertThat(audit.breaches()).extracting(Audit.Breach::promise).contains(promise);
    assertThat(audit.breaches()).extracting(Audit.Breach::whose).containsOnly(job.toString());
  }

  @Test
  void a_task_that_was_preempted_too_often_is_told() {
    JobId job = ledger.submit();
    ledger.sql("ALTER TABLE task DROP CONSTRAINT task_is_preempted_a_few_times");
    ledger.sql("UPDATE task SET preemptions = ? WHERE ordinal = 0", Preemptions.MOST);
    assertThat(audit.breaches()).isEmpty();
    ledger.sql("UPDATE task SET preemptions = preemptions + 1 WHERE ordinal = 0");
    assertThat(audit.breaches())
        .extracting(Audit.Breach::promise, Audit.Breach::whose)
        .containsExactly(tuple("no task is preempted too often", job.toString()));
  }

  @Test
  void a_tenant_that_has_more_open_jobs_than_it_may_is_told() {
    Tenants tenants = new Tenants(ledger.database);
    List<JobId> before = List.of(ledger.submit(), ledger.submit());
    tenants.set(TenantId.DEFAULT, null, 1);
    assertThat(audit.breaches()).as("those of before it was limited").isEmpty();
    before.forEach(job -> ledger.jobs.cancel(TenantId.DEFAULT, job));
    JobId first = ledger.submit();
    ledger.jobs.cancel(TenantId.DEFAULT, first);
    JobId second = ledger.submit();
    assertThat(audit.breaches()).as("one after the other").isEmpty();
    ledger.sql("UPDATE job SET ended = clock_timestamp() WHERE id = ?", first.value());
    assertThat(audit.breaches())
        .extracting(Audit.Breach::promise, Audit.Breach::whose)
        .contains(tuple("no tenant has more open jobs than it may", second.toString()));
    tenants.set(TenantId.DEFAULT, null, -1);
    assertThat(audit.breaches())
        .extracting(Audit.Breach::promise)
        .doesNotContain("no tenant has more open jobs than it may");
  }

  @Test
  void what_honest_workers_told_breaks_no_promise_and_what_is_false_of_it_is_told() {
    JobId job = ledger.submit();
    Task begun = claimOne(1, 1);
    ledger.tasks.end(
        begun.lease(),
        new Outcome.Yielded(Optional.of(new Checkpoint(Ledger.digestOf("state"), 3, "test"))),
        effort(0, 3, 6));
    Task rest = claimOne(9, 3);
    assertThat(rest.lease().task()).isEqualTo(begun.lease().task());
    ledger.tasks.end(rest.lease(), Ledger.success(rest), effort(3, 1, 2));
    Task last = claimOne(13, 5);
    ledger.tasks.end(last.lease(), Ledger.success(last), effort(0, 4, 1));
    assertThat(audit.breachesWithWorkers()).isEmpty();

    assertTold(
        "no step is done twice after a yield",
        job.toString(),
        "UPDATE attempt SET resumed_from = 2 WHERE number = 2",
        "UPDATE attempt SET resumed_from = 3 WHERE number = 2");
    assertTold(
        "no slot is given twice",
        job.toString(),
        "UPDATE attempt SET ended = ended + interval '1 hour' WHERE number = 2",
        "UPDATE attempt SET ended = ended - interval '1 hour' WHERE number = 2");
    assertTold(
        "the seconds of a worker are its life",
        "w",
        "UPDATE attempt SET seconds = seconds + 0.02 WHERE number = 1 AND outcome = 'yielded'",
        "UPDATE attempt SET seconds = seconds - 0.02 WHERE number = 1 AND outcome = 'yielded'");
  }

  private void assertTold(String promise, String whose, String harm, String mend) {
    assertThat(ledger.sql(harm)).as("rows changed").isPositive();
    assertThat(audit.breachesWithWorkers())
        .extracting(Audit.Breach::promise, Audit.Breach::whose)
        .containsExactly(tuple(promise, whose));
    ledger.sql(mend);
    assertThat(audit.breachesWithWorkers()).isEmpty();
  }

  /** Claims for the worker w, which has lived and idled for so many seconds. */
  private Task claimOne(double life, double idle) {
    Seeker seeker = new Seeker(ledger.worker("w"), "here", new WorkerTimes(life, idle, 0));
    return ledger.tasks.claim(List.of(seeker)).values().iterator().next();
  }

  private static Effort effort(int from, int steps, double seconds) {
    return new Effort(
        "test", from, steps, seconds, seconds, new Timings(0, 0, seconds, 0, 0, 0, 0));
  }

  @Test
  void of_a_lost_attempt_it_is_told_how_far_it_was_and_where_the_next_went_on() {
    JobId job = ledger.submit();
    Task lost = ledger.claimOne("w1");
    ledger.tasks.checkpoint(lost.lease(), new Checkpoint(Ledger.digestOf("state"), 1, "test"));
    ledger.tasks.renew(Map.of(lost.lease(), 3));
    ledger.letLeasesRunOut();
    ledger.tasks.expire();
    Task next = ledger.claimOne("w2");
    assertThat(audit.losses(job))
        .as("while no attempt has succeeded, so the time per step is unknown")
        .isEmpty();
    ledger.tasks.end(next.lease(), Ledger.success(next), new Effort("test", 1, 3, 1.5, 1));

    Audit.Loss loss = audit.losses(job).getFirst();
    assertThat(audit.losses(job)).hasSize(1);
    assertThat(loss.lease()).isEqualTo(lost.lease());
    assertThat(loss)
        .extracting("whole", "beganAt", "heardAt", "goesOnAt")
        .containsExactly(4, 0, 3, 1);
    assertThat(loss.life()).isPositive();
    assertThat(loss.stepSeconds()).isEqualTo(0.5);
  }

  @Test
  void what_waits_for_nothing_and_what_runs_no_more_is_told() {
    JobId job = ledger.submit();
    List<Task> claimed = ledger.claim("w1", 1);
    ledger.sql("UPDATE task SET waits_for = 5 WHERE state = 'blocked' AND ordinal = 1");
    ledger.sql("UPDATE attempt SET ended = clock_timestamp(), outcome = 'lost'");
    assertThat(claimed).hasSize(1);
    assertThat(audit.breaches())
        .extracting(Audit.Breach::promise)
        .containsExactlyInAnyOrder(
            "a running task has a running attempt", "a task waits for its missing inputs");
    assertThat(audit.open()).containsExactly(job);
  }
}
