package glimt.ledger;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import glimt.job.Effort;
import glimt.job.InvalidSpec;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.ledger.Tenants.Tenant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tenants share the devices by weight. Devices are simulated by their time; the ledger is real. */
class FairSharesTest {
  private final Ledger ledger = Ledger.fresh();
  private final Tenants tenants = new Tenants(ledger.database);

  /** A simulated device that works until a time, in simulated seconds. */
  private record Device(String worker, double until, Optional<Task> task, double seconds) {}

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void three_tenants_get_device_seconds_by_their_weights_though_their_tasks_differ_in_length() {
    long seed = ThreadLocalRandom.current().nextLong();
    System.out.println("shares of three tenants: seed " + seed);
    Random random = new Random(seed);
    Map<String, Double> weights = Map.of("one", 1.0, "two", 2.0, "four", 4.0);
    // The heaviest has the shortest tasks.
    Map<String, Double> lengths = Map.of("one", 1.0, "two", 1.0, "four", 0.5);
    weights.forEach((name, weight) -> tenants.set(new TenantId(name), weight, null));
    for (String name : List.of("one", "two", "four", "four", "four")) {
      for (int i = 0; i < 22; i++) {
        submit(name, JobClass.NORMAL);
      }
    }
    Map<String, Double> had = new HashMap<>();
    PriorityQueue<Device> devices = new PriorityQueue<>(Comparator.comparingDouble(Device::until));
    for (int i = 0; i < 4; i++) {
      devices.add(new Device("w" + i, 0, Optional.empty(), 0));
    }
    while (devices.element().until() < 70) {
      Device device = devices.remove();
      device.task().ifPresent(task -> end(task, device.seconds()));
      Task next = ledger.claimOne(device.worker());
      String tenant = tenant(next);
      double seconds = requireNonNull(lengths.get(tenant)) * (0.5 + random.nextDouble());
      had.merge(tenant, seconds, Double::sum);
      devices.add(
          new Device(device.worker(), device.until() + seconds, Optional.of(next), seconds));
    }
    double all = had.values().stream().mapToDouble(Double::doubleValue).sum();
    weights.forEach(
        (name, weight) -> {
          double share = requireNonNull(had.get(name)) / all / (weight / 7);
          System.out.printf("  %s: %.1f s, %.3f of its share%n", name, had.get(name), share);
          assertThat(share).as("seed %s, tenant %s", seed, name).isCloseTo(1, within(0.05));
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"normal", "bulk"})
  void who_comes_late_to_a_long_line_waits_for_one_task_of_each_other_tenant(String urgency) {
    int others = 12;
    for (int i = 0; i < others; i++) {
      tenants.set(new TenantId("flood" + i), 1.0, null);
      for (int j = 0; j < 8; j++) {
        submit("flood" + i, JobClass.NORMAL);
      }
    }
    for (int i = 0; i < 3 * others; i++) {
      end(ledger.claimOne("w"), 1);
    }
    tenants.set(new TenantId("late"), 1.0, null);
    submit("late", JobClass.valueOf(urgency.toUpperCase(Locale.ROOT)));
    int waited = 0;
    for (Task task = ledger.claimOne("w"); !tenant(task).equals("late"); waited++) {
      end(task, 1);
      task = ledger.claimOne("w");
    }
    assertThat(waited).isLessThanOrEqualTo(others);
  }

  @Test
  void nobody_saves_up_a_share_while_there_is_nothing_to_do() {
    tenants.set(new TenantId("idle"), 1.0, null);
    for (int i = 0; i < 24; i++) {
      submit("default", JobClass.NORMAL);
    }
    for (int i = 0; i < 20; i++) {
      end(ledger.claimOne("w"), 10);
    }
    for (int i = 0; i < 20; i++) {
      submit("idle", JobClass.NORMAL);
    }
    int idle = 0;
    for (int i = 0; i < 20; i++) {
      Task task = ledger.claimOne("w");
      idle += tenant(task).equals("idle") ? 1 : 0;
      end(task, 10);
    }
    assertThat(idle).isBetween(9, 11);
  }

  @Test
  void within_a_tenant_urgent_jobs_go_first_and_bulk_jobs_after_a_day_of_normal_ones() {
    JobId bulk = submit("default", JobClass.BULK);
    JobId normal = submit("default", JobClass.NORMAL);
    JobId urgent = submit("default", JobClass.URGENT);
    assertThat(ledger.claimOne("w").job()).isEqualTo(urgent);
    assertThat(ledger.claimOne("w").job()).isEqualTo(normal);
    JobId another = submit("default", JobClass.NORMAL);
    assertThat(ledger.claimOne("w").job()).isEqualTo(another);
    submit("default", JobClass.NORMAL);
    // As though the bulk job had been submitted two days ago.
    ledger.sql("UPDATE task SET rank = rank - 2 * 86400 WHERE job = ?", bulk.value());
    assertThat(ledger.claimOne("w").job()).isEqualTo(bulk);
  }

  @Test
  void an_urgent_job_passes_the_tenants_ahead_of_it_but_only_for_a_minute_of_device_time() {
    tenants.set(new TenantId("hasty"), 1.0, null);
    for (int i = 0; i < 24; i++) {
      submit("default", JobClass.NORMAL);
      submit("hasty", JobClass.URGENT);
    }
    int hasty = 0;
    double seconds = 0;
    for (Task task = ledger.claimOne("w"); tenant(task).equals("hasty"); hasty++) {
      end(task, 10);
      seconds += 10;
      task = ledger.claimOne("w");
    }
    assertThat(hasty).isPositive();
    assertThat(seconds).isBetween(FairShares.BORROWED_SECONDS, FairShares.BORROWED_SECONDS + 20);
  }

  @Test
  void a_lost_attempt_costs_its_tenant_nothing_and_one_that_was_given_back_what_it_took() {
    submit("default", JobClass.NORMAL);
    double before = clock("default");
    ledger.claimOne("w");
    assertThat(clock("default")).isGreaterThan(before);
    ledger.letLeasesRunOut();
    ledger.tasks.expire();
    assertThat(clock("default")).isCloseTo(before, within(1e-6));
    Task task = ledger.claimOne("v");
    ledger.tasks.end(
        task.lease(), new Outcome.Yielded(Optional.empty()), new Effort("test", 0, 1, 0.25, 0.2));
    assertThat(clock("default")).isCloseTo(before + 0.25, within(1e-6));
  }

  @Test
  void nobody_waits_for_the_row_of_a_tenant_and_all_of_them_charge_its_clock() {
    submit("default", JobClass.NORMAL);
    double before = clock("default");
    ledger.database.transact(
        "hold the tenant",
        session -> {
          session.first("SELECT id FROM tenant FOR NO KEY UPDATE", row -> row);
          submit("default", JobClass.NORMAL);
          Task task = ledger.claimOne("w");
          assertThat(clock("default")).isGreaterThan(before);
          end(task, 3);
          assertThat(clock("default")).isCloseTo(before + 3, within(1e-6));
          return 0;
        });
    assertThat(ledger.count("SELECT count(*) FROM charge")).isPositive();
    end(ledger.claimOne("w"), 2);
    assertThat(clock("default")).isCloseTo(before + 5, within(1e-6));
    assertThat(ledger.count("SELECT count(*) FROM charge")).isZero();
  }

  @Test
  void a_tenant_with_as_many_open_jobs_as_it_may_have_gets_no_more_until_one_ends() {
    TenantId small = new TenantId("small");
    tenants.set(small, null, 2);
    JobId first = submit("small", JobClass.NORMAL);
    submit("small", JobClass.NORMAL);
    assertThatThrownBy(() -> submit("small", JobClass.NORMAL))
        .isInstanceOf(QuotaExceeded.class)
        .hasMessageContaining("small may have 2 jobs waiting and running, and has 2");
    submit("default", JobClass.NORMAL);
    ledger.jobs.cancel(small, first);
    submit("small", JobClass.NORMAL);
    assertThat(tenants.set(small, null, -1)).isEqualTo(new Tenant(small, 1, null, 2, null));
    submit("small", JobClass.NORMAL);
  }

  @Test
  void a_weight_that_is_no_weight_is_refused_and_changes_nothing() {
    for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY, 1e9}) {
      assertThatThrownBy(() -> tenants.set(TenantId.DEFAULT, weight, null))
          .isInstanceOf(InvalidSpec.class)
          .hasMessageContaining("must be 0.001 to 1000.0, not");
    }
    assertThatThrownBy(() -> tenants.set(new TenantId("a b"), 1.0, null))
        .isInstanceOf(InvalidSpec.class);
    assertThatThrownBy(() -> tenants.set(TenantId.DEFAULT, null, -2))
        .isInstanceOf(InvalidSpec.class);
    assertThat(tenants.all()).containsExactly(new Tenant(TenantId.DEFAULT, 1, null, 0, null));
  }

  private JobId submit(String tenant, JobClass urgency) {
    return ledger
        .jobs
        .submit(
            NewJob.of(
                    new TenantId(tenant),
                    Ledger.spec(),
                    ledger.digest,
                    Plan.of(Ledger.spec(), ledger.card))
                .urgency(urgency))
        .orElseThrow()
        .id();
  }

  private void end(Task task, double seconds) {
    int steps = task.work().steps();
    ledger.tasks.end(
        task.lease(), Ledger.success(task), new Effort("test", 0, steps, seconds, seconds));
  }

  private String tenant(Task task) {
    return ledger.database.read(
        "read the tenant",
        session ->
            session
                .first(
                    "SELECT tenant FROM task WHERE id = ?",
                    row -> row.getString(1),
                    task.lease().task().value())
                .orElseThrow());
  }

  private double clock(String tenant) {
    return ledger.database.read(
        "read the clock",
        session ->
            session
                .first(
                    "SELECT clock FROM tenant_clock WHERE id = ?", row -> row.getDouble(1), tenant)
                .orElseThrow());
  }
}
