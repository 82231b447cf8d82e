package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One claim for several workers hands out what claims for each of them would. */
class SharedClaimsTest {
  private final Ledger ledger = Ledger.fresh();

  @AfterEach
  void close() {
    ledger.close();
  }

  private Seeker seeker(String name, String device) {
    WorkerCard card =
        new WorkerCard(new WorkerId(name), 1, device, "test", Map.of("toy", ledger.digest));
    return new Seeker(card, "here", null);
  }

  /** Workers w0, w1 and so on, each on a device of its own. */
  private List<Seeker> seekers(int many) {
    return IntStream.range(0, many).mapToObj(i -> seeker("w" + i, "cuda:" + i)).toList();
  }

  private Map<WorkerId, Task> claim(int many) {
    return ledger.tasks.claim(seekers(many));
  }

  private static Task taskOf(String worker, Map<WorkerId, Task> given) {
    return Objects.requireNonNull(given.get(new WorkerId(worker)));
  }

  private static void fail(Ledger ledger, Task task, Fault fault) {
    ledger.tasks.end(task.lease(), new Outcome.Failed(fault, "failed"), Ledger.EFFORT);
    // It rests after a failure; here it has rested.
    ledger.sql("UPDATE task SET ready_at = now() WHERE state = 'ready'");
  }

  @Test
  void eight_workers_are_given_eight_tasks_by_one_statement_in_the_order_of_the_line() {
    List<JobId> jobs = IntStream.range(0, 10).mapToObj(i -> ledger.submit()).toList();
    long before = ledger.database.statements();
    Map<WorkerId, Task> given = claim(8);
    assertThat(ledger.database.statements() - before).isEqualTo(1);
    assertThat(given).hasSize(8);
    for (int i = 0; i < 8; i++) {
      assertThat(taskOf("w" + i, given).job()).isEqualTo(jobs.get(i));
    }
    given.forEach(
        (worker, task) -> {
          assertThat(task.lease().attempt()).isEqualTo(1);
          assertThat(
                  ledger.count(
                      "SELECT count(*) FROM attempt JOIN task ON task.id = task"
                          + " WHERE task.id = ? AND task.worker = ? AND attempt.worker = ?",
                      task.lease().task().value(),
                      worker.value(),
                      worker.value()))
              .isEqualTo(1);
        });
    assertThat(ledger.count("SELECT count(*) FROM worker")).isEqualTo(8);
    assertThat(ledger.count("SELECT count(*) FROM event WHERE fact ->> 'type' = 'started'"))
        .isEqualTo(8);
    assertThat(claim(8)).as("those that are left").hasSize(2);
  }

  @Test
  void three_tenants_have_their_shares_of_a_single_claim() {
    Tenants tenants = new Tenants(ledger.database);
    Map.of("one", 1.0, "two", 2.0, "four", 4.0)
        .forEach((name, weight) -> tenants.set(new TenantId(name), weight, null));
    Map<JobId, String> owners = new HashMap<>();
    for (String name : List.of("one", "two", "four")) {
      for (int i = 0; i < 14; i++) {
        NewJob job =
            NewJob.of(
                new TenantId(name),
                Ledger.spec(),
                ledger.digest,
                Plan.of(Ledger.spec(), ledger.card));
        owners.put(ledger.jobs.submit(job).orElseThrow().id(), name);
      }
    }
    Map<String, Integer> had = new HashMap<>();
    claim(14).values().forEach(task -> had.merge(owners.get(task.job()), 1, Integer::sum));
    assertThat(had).isEqualTo(Map.of("one", 2, "two", 4, "four", 8));
  }

  @Test
  void what_one_tenant_has_not_is_left_to_the_next_claim_and_no_worker_goes_without() {
    Tenants tenants = new Tenants(ledger.database);
    tenants.set(new TenantId("few"), 100.0, null);
    ledger.jobs.submit(
        NewJob.of(
            new TenantId("few"),
            Ledger.spec(),
            ledger.digest,
            Plan.of(Ledger.spec(), ledger.card)));
    IntStream.range(0, 8).forEach(i -> ledger.submit());
    int had = 0;
    int claims = 0;
    for (int got = claim(8).size(); got > 0; got = claim(8 - had).size()) {
      had += got;
      claims++;
      if (had == 8) {
        break;
      }
    }
    assertThat(had).isEqualTo(8);
    assertThat(claims).isLessThanOrEqualTo(3);
  }

  @Test
  void a_task_goes_to_another_than_the_worker_that_failed_it() {
    ledger.submit();
    Task task = taskOf("w0", claim(1));
    fail(ledger, task, Fault.INTERNAL);
    assertThat(claim(3)).containsOnlyKeys(new WorkerId("w1"));
  }

  @Test
  void a_drained_worker_is_given_nothing_and_its_colleagues_their_tasks() {
    IntStream.range(0, 3).forEach(i -> ledger.submit());
    assertThat(claim(3)).hasSize(3);
    ledger.sql("UPDATE worker SET drained = now() WHERE id = 'w1'");
    IntStream.range(0, 3).forEach(i -> ledger.submit());
    assertThat(claim(3)).containsOnlyKeys(new WorkerId("w0"), new WorkerId("w2"));
  }

  @Test
  void a_task_that_must_be_alone_goes_to_an_empty_device_and_holds_up_the_others_until_then() {
    JobId large = ledger.submit();
    IntStream.range(0, 4).forEach(i -> ledger.submit());
    Map<WorkerId, Task> first = claim(2);
    assertThat(ledger.tasks.claim(List.of(seeker("beside", "cuda:0")))).hasSize(1);
    fail(ledger, taskOf("w0", first), Fault.OUT_OF_MEMORY);
    assertThat(ledger.tasks.claim(List.of(seeker("x", "cuda:0"), seeker("y", "cuda:1"))))
        .as("both devices are in use")
        .isEmpty();
    Map<WorkerId, Task> given =
        ledger.tasks.claim(List.of(seeker("x", "cuda:0"), seeker("z", "cuda:7")));
    assertThat(taskOf("z", given).job()).isEqualTo(large);
    assertThat(ledger.tasks.claim(List.of(seeker("u", "cuda:7"), seeker("v", "cuda:8"))))
        .as("nothing beside it")
        .containsOnlyKeys(new WorkerId("v"));
  }

  @Test
  void a_task_that_went_to_an_empty_device_holds_up_nobody_on_another() {
    JobId large = ledger.submit();
    IntStream.range(0, 3).forEach(i -> ledger.submit());
    Map<WorkerId, Task> first = claim(2);
    fail(ledger, taskOf("w0", first), Fault.OUT_OF_MEMORY);
    Map<WorkerId, Task> given =
        ledger.tasks.claim(List.of(seeker("x", "cuda:1"), seeker("z", "cuda:7")));
    assertThat(taskOf("z", given).job()).isEqualTo(large);
    assertThat(given).as("x works beside w1, on another device").containsKey(new WorkerId("x"));
  }

  @Test
  void two_that_failed_what_is_in_line_are_given_it_crosswise_by_claims_of_their_own() {
    IntStream.range(0, 2).forEach(i -> ledger.submit());
    Map<WorkerId, Task> first = claim(2);
    fail(ledger, taskOf("w0", first), Fault.INTERNAL);
    fail(ledger, taskOf("w1", first), Fault.INTERNAL);
    assertThat(claim(2)).as("each would be given what it failed").isEmpty();
    for (int i = 0; i < 2; i++) {
      assertThat(ledger.tasks.claim(List.of(seekers(2).get(i)))).hasSize(1);
    }
  }

  @Test
  void only_workers_that_are_like_each_other_claim_together() {
    Seeker one = seeker("one", "cuda:0");
    WorkerCard warm = seeker("warm", "cuda:1").worker().warm(List.of("1".repeat(64)));
    for (Seeker other : List.of(seeker("two", "cuda:0"), new Seeker(warm, "here", null))) {
      assertThatThrownBy(() -> ledger.tasks.claim(List.of(one, other)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not like each other");
    }
  }
}
