package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.Timings;
import glimt.job.WorkerTimes;
import glimt.ledger.Usage.DeviceUse;
import glimt.ledger.Usage.UsageKey;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Where the seconds of devices went; a base task of the ledger's jobs has four steps. */
class UsageTest {
  private final LocalDate today = LocalDate.now(Clock.systemUTC());

  private final Ledger ledger = Ledger.fresh();
  private final Usage usage = new Usage(ledger.database);

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void steps_that_a_later_attempt_goes_on_from_are_useful_and_those_it_repeats_are_not() {
    JobId job = ledger.submit();
    Task first = ledger.claimOne("v");
    Checkpoint kept = new Checkpoint(Ledger.digestOf("at 2"), 2, "test");
    ledger.tasks.end(first.lease(), new Outcome.Yielded(Optional.of(kept)), effort(0, 4, 8.0));
    assertThat(of(UsageKey.JOB)).satisfies(use -> assertThat(use.useful()).isEqualTo(4));
    Task second = ledger.claimOne("w");
    ledger.tasks.end(
        second.lease(), new Outcome.Failed(Fault.INTERNAL, "broke"), effort(2, 1, 3.0));
    Task third = ledger.claimOne("x");
    ledger.tasks.end(third.lease(), Ledger.success(third), effort(2, 2, 5.0));
    DeviceUse use = of(UsageKey.JOB);
    assertThat(use.key()).isEqualTo(job.toString());
    assertThat(use.attempts()).isEqualTo(3);
    assertThat(use.seconds()).isEqualTo(16);
    assertThat(use.useful()).as("half of the first attempt, and the last").isEqualTo(4 + 5);
    assertThat(use.preempted()).as("the other half of the first").isEqualTo(4);
    assertThat(use.lost()).as("the second").isEqualTo(3);
    assertThat(sum(use.timings())).isCloseTo(16, within(1e-9));
    assertThat(use.timings().denoise()).isCloseTo(8, within(1e-9));
    assertThat(use.unknown()).isZero();
  }

  @Test
  void of_a_worker_that_was_lost_it_is_not_known_where_its_seconds_went() {
    ledger.submit();
    Task task = ledger.claimOne("w");
    ledger.sql("UPDATE attempt SET started = started - interval '7 seconds'");
    ledger.tasks.lose(ledger.worker("w").id());
    assertThat(of(UsageKey.TENANT).seconds()).isCloseTo(7, within(5.0));
    assertThat(of(UsageKey.TENANT).unknown()).isEqualTo(of(UsageKey.TENANT).seconds());
    assertThat(of(UsageKey.TENANT).lost()).isEqualTo(of(UsageKey.TENANT).seconds());
    assertThat(task.lease().attempt()).isEqualTo(1);
  }

  @Test
  void what_a_worker_did_for_an_attempt_that_was_taken_from_it_is_part_of_its_life() {
    JobId job = ledger.submit();
    Task task = claimOne(new WorkerTimes(1, 1, 0));
    ledger.jobs.cancel(TenantId.DEFAULT, job);
    assertThat(ledger.tasks.end(task.lease(), Ledger.success(task), effort(0, 4, 6.0))).isEmpty();
    // Whoever repeats a report, or tells another, changes nothing.
    assertThat(ledger.tasks.end(task.lease(), Ledger.success(task), effort(0, 4, 7.0))).isEmpty();
    ledger.submit();
    Task next = claimOne(new WorkerTimes(8, 1.5, 0.5));
    ledger.tasks.lose(ledger.worker("w").id());
    ledger.tasks.end(next.lease(), Ledger.success(next), effort(0, 4, 3.0));
    claimOne(new WorkerTimes(11, 1.5, 0.5));
    Usage.WorkerUse life = usage.workers(today.minusDays(1)).getFirst();
    assertThat(life.busy()).isEqualTo(9);
    assertThat(life.unaccounted()).isZero();
    assertThat(of(UsageKey.TENANT).useful()).isZero();
  }

  private Task claimOne(WorkerTimes times) {
    Seeker seeker = new Seeker(ledger.worker("w"), "here", times);
    return ledger.tasks.claim(List.of(seeker)).values().iterator().next();
  }

  @Test
  void a_deleted_job_leaves_its_seconds_and_another_tenant_does_not_see_them() {
    JobId job = ledger.submit();
    Task task = ledger.claimOne("w");
    ledger.tasks.end(task.lease(), Ledger.success(task), effort(0, 4, 6.0));
    ledger.jobs.cancel(TenantId.DEFAULT, job);
    DeviceUse before = of(UsageKey.DAY);
    assertThat(before.useful()).as("its finished task was accepted").isEqualTo(6);
    assertThat(ledger.jobs.delete(TenantId.DEFAULT, job)).isTrue();
    assertThat(ledger.count("SELECT count(*) FROM attempt")).isZero();
    assertThat(of(UsageKey.DAY)).isEqualTo(before);
    assertThat(before.key()).isEqualTo(today.toString());
    assertThat(usage.by(UsageKey.DAY, new TenantId("another"), today, today)).isEmpty();
    assertThat(usage.by(UsageKey.DAY, null, today.minusDays(9), today.minusDays(1))).isEmpty();
  }

  private static Effort effort(int from, int steps, double seconds) {
    double eighth = seconds / 8;
    return new Effort(
        "test",
        from,
        steps,
        seconds,
        seconds / 2,
        new Timings(eighth, 0, 4 * eighth, 0, eighth, eighth, eighth));
  }

  private DeviceUse of(UsageKey key) {
    return of(key, null);
  }

  private DeviceUse of(UsageKey key, @Nullable TenantId tenant) {
    List<DeviceUse> all = usage.by(key, tenant, today.minusDays(1), today.plusDays(1));
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private static double sum(Timings timings) {
    return timings.load()
        + timings.encode()
        + timings.denoise()
        + timings.decode()
        + timings.write()
        + timings.checkpoint()
        + timings.waiting();
  }
}
