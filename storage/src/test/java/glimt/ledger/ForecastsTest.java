package glimt.ledger;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import glimt.job.Effort;
import glimt.job.Forecast;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What jobs will take. A job of the ledger has a base task, three upper ones and two files. */
class ForecastsTest {
  private final Ledger ledger = Ledger.fresh();

  @AfterEach
  void close() {
    ledger.close();
  }

  /** A new reader of the line, which remembers none. */
  private Forecast of(JobId job) {
    return new Forecasts(ledger.database).of(ledger.view(job));
  }

  private Forecast dryRun(JobClass urgency, Plan plan) {
    return new Forecasts(ledger.database)
        .of(TenantId.DEFAULT, urgency, ledger.digest, "toy", List.of(plan));
  }

  private Plan plan() {
    return Plan.of(Ledger.spec(), ledger.card);
  }

  /** Does a job whose every step takes a second. */
  private void learn(String worker) {
    ledger.submit();
    for (List<Task> claimed = ledger.claim(worker, 1);
        !claimed.isEmpty();
        claimed = ledger.claim(worker, 1)) {
      Task task = claimed.getFirst();
      int steps = task.work().steps();
      ledger.tasks.end(
          task.lease(), Ledger.success(task), new Effort("test", 0, steps, steps, steps));
    }
  }

  @Test
  void a_job_takes_what_its_steps_took_before_and_ends_after_those_that_go_first() {
    assertThat(dryRun(JobClass.NORMAL, plan()).learned()).isFalse();
    learn("w");
    // Base 4 steps, three upper tasks of 2 steps, and two files of 1.
    Forecast alone = dryRun(JobClass.NORMAL, plan());
    assertThat(alone.learned()).isTrue();
    assertThat(alone.position()).isZero();
    assertThat(alone.deviceSeconds()).isCloseTo(12, within(1e-6));
    assertThat(alone.workers()).isEqualTo(1);
    endsIn(12, () -> dryRun(JobClass.NORMAL, plan()));
    JobId first = ledger.submit();
    JobId second = ledger.submit();
    assertThat(of(first).position()).isZero();
    assertThat(of(second).position()).isEqualTo(1);
    endsIn(24, () -> of(second));
    assertThat(dryRun(JobClass.NORMAL, plan()).position()).isEqualTo(2);
    assertThat(dryRun(JobClass.URGENT, plan()).position()).isZero();
    // A second worker halves the wait, and does the upper level beside the first.
    ledger.claim("v", 1);
    assertThat(dryRun(JobClass.NORMAL, plan()).workers()).isEqualTo(2);
    endsIn(12 + 9, () -> dryRun(JobClass.NORMAL, plan()));
  }

  @Test
  void what_was_done_is_left_no_more_and_a_paused_job_ends_at_no_time() {
    learn("w");
    JobId job = ledger.submit();
    ledger.succeed(ledger.claimOne("w"));
    assertThat(of(job).deviceSeconds()).isCloseTo(8, within(1e-6));
    ledger.jobs.change(TenantId.DEFAULT, job, null, true, null);
    assertThat(of(job).ends()).isNull();
    assertThat(of(job).obstacle()).isNull();
  }

  @Test
  void another_tenant_takes_as_much_time_as_its_weight_allows() {
    learn("w");
    TenantId other = new TenantId("other");
    new Tenants(ledger.database).set(other, 2.0, null);
    for (int i = 0; i < 10; i++) {
      ledger.jobs.submit(NewJob.of(other, Ledger.spec(), ledger.digest, plan()));
    }
    JobId mine = ledger.submit();
    assertThat(of(mine).position()).isZero();
    // 12 s of its own, and 24 of the other, whose weight is twice as large.
    endsIn(36, () -> of(mine));
  }

  @Test
  void a_job_that_no_worker_can_do_says_why() {
    assertThat(dryRun(JobClass.NORMAL, plan()).obstacle())
        .isEqualTo("no worker is running; the job waits for one");
    ledger.tasks.claim(Ledger.worker("poor", Map.of("other", Ledger.digestOf("x"))), "here", 1);
    assertThat(dryRun(JobClass.NORMAL, plan()).obstacle())
        .isEqualTo("no worker has the model toy; install its bundle on a worker's node");
    WorkerCard small = Ledger.worker("small", Map.of("toy", ledger.digest), 64L << 20);
    ledger.tasks.claim(small, "here", 1);
    assertThat(dryRun(JobClass.NORMAL, plan()).obstacle()).isNull();
    Plan large = Ledger.needing(plan(), 1L << 30);
    Forecast forecast = dryRun(JobClass.NORMAL, large);
    assertThat(forecast.obstacle())
        .isEqualTo(
            "its networks need 1,024 MB, and the largest worker with the model toy has room for"
                + " 64 MB; add a larger worker");
    assertThat(forecast.ends()).isNull();
    assertThat(forecast.workers()).isZero();
  }

  private static void endsIn(double seconds, Supplier<Forecast> forecast) {
    Duration until = Duration.ofMillis((long) (1000 * seconds));
    Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    Instant ends = requireNonNull(forecast.get().ends());
    assertThat(ends)
        .isBetween(before.plus(until).minusMillis(1), Instant.now().plus(until).plusMillis(1));
  }
}
