package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.InvalidSpec;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.WorkerId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a tenant may have at most, and how long others may go before it. */
class QuotasTest {
  private static final TenantId SMALL = new TenantId("small");

  private final Ledger ledger = Ledger.fresh();
  private final Tenants tenants = new Tenants(ledger.database);
  private final Plan plan = Plan.of(Ledger.spec(), ledger.card);

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void many_who_submit_at_once_never_have_more_open_jobs_than_their_tenant_may() throws Exception {
    tenants.set(SMALL, null, 5);
    assertThat(acceptedOfManyAtOnce()).isEqualTo(5);
    assertThat(open()).isEqualTo(5);
    assertThat(new Audit(ledger.database).breaches()).as("at any moment").isEmpty();
  }

  @Test
  void many_who_submit_at_once_never_plan_more_device_seconds_than_their_tenant_may()
      throws Exception {
    // Nothing is known of the tasks yet, so each counts as a second.
    double job = plan.tasks().size();
    tenants.set(SMALL, null, null, 3.5 * job);
    assertThat(acceptedOfManyAtOnce()).isEqualTo(3);
    assertThat(open()).isEqualTo(3);
  }

  @Test
  void only_work_that_was_accepted_counts_and_the_refusal_says_when_the_day_ends() {
    double job = plan.tasks().size();
    tenants.set(SMALL, null, null, 1.5 * job);
    JobId first = submit();
    Task failed = ledger.claimOne("w");
    ledger.tasks.end(
        failed.lease(),
        new Outcome.Failed(Fault.INTERNAL, "a test"),
        new Effort("test", 0, 1, 1000, 1000));
    ledger.jobs.cancel(SMALL, first);
    // Nothing came of the thousand seconds.
    submit();
    assertThatThrownBy(this::submit)
        .isInstanceOfSatisfying(
            QuotaExceeded.class,
            refused -> {
              assertThat(refused).hasMessageContaining("device-seconds a day: 0.0 were used today");
              assertThat(refused.retryAfter()).isBetween(1, 24 * 60 * 60);
            });
    Task done = ledger.claimOne("w");
    int steps = done.work().steps();
    double most = 2 * job;
    ledger.tasks.end(done.lease(), Ledger.success(done), new Effort("test", 0, steps, most, most));
    assertThatThrownBy(this::submit).hasMessageContaining(": %s were used today".formatted(most));
    tenants.set(SMALL, null, null, -1.0);
    submit();
  }

  @Test
  void a_quota_that_is_no_time_is_refused() {
    for (double wrong : new double[] {-2, -0.5, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> tenants.set(SMALL, null, null, wrong))
          .isInstanceOf(InvalidSpec.class);
    }
    assertThat(tenants.all()).hasSize(1);
  }

  @Test
  void a_task_that_waited_long_passes_an_endless_stream_of_urgent_ones_of_its_tenant() {
    JobId patient = submit("default", JobClass.NORMAL);
    ledger.sql("UPDATE task SET ready_at = now() - interval '61 s' WHERE state = 'ready'");
    // One claim in ten is its own: 200 go past it once in a thousand million times.
    for (int claims = 0; claims < 200; claims++) {
      submit("default", JobClass.URGENT);
      if (ledger.claimOne("w" + claims).job().equals(patient)) {
        return;
      }
    }
    throw new AssertionError("it still waits");
  }

  @Test
  void what_a_worker_did_with_its_time_is_forgotten_after_three_months() {
    ledger.sql(
        "INSERT INTO worker_time (worker, device, at, life, idle, other) VALUES"
            + " ('old', 'd', now() - interval '91 days', 1, 1, 0),"
            + " ('new', 'd', now() - interval '89 days', 1, 1, 0)");
    ledger.tasks.lose(new WorkerId("w"));
    assertThat(ledger.count("SELECT count(*) FROM worker_time WHERE worker = 'new'")).isOne();
    assertThat(ledger.count("SELECT count(*) FROM worker_time")).isOne();
  }

  private long acceptedOfManyAtOnce() throws Exception {
    List<Future<Boolean>> asked = new ArrayList<>();
    // Two nodes, as the jobs of one node are written together.
    List<Jobs> nodes = List.of(ledger.jobs, new Jobs(ledger.database));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 24; i++) {
        Jobs node = nodes.get(i % nodes.size());
        asked.add(
            threads.submit(
                () -> {
                  try {
                    return submit(node, SMALL.value(), JobClass.NORMAL).isPresent();
                  } catch (QuotaExceeded _) {
                    return false;
                  }
                }));
      }
    }
    long accepted = 0;
    for (Future<Boolean> one : asked) {
      accepted += one.get() ? 1 : 0;
    }
    return accepted;
  }

  private long open() {
    return ledger.count("SELECT count(*) FROM job WHERE tenant = 'small' AND ending IS NULL");
  }

  private JobId submit() {
    return submit(SMALL.value(), JobClass.NORMAL);
  }

  private JobId submit(String tenant, JobClass urgency) {
    return submit(ledger.jobs, tenant, urgency).orElseThrow().id();
  }

  private Optional<JobView> submit(Jobs node, String tenant, JobClass urgency) {
    return node.submit(
        NewJob.of(new TenantId(tenant), Ledger.spec(), ledger.digest, plan).urgency(urgency));
  }
}
