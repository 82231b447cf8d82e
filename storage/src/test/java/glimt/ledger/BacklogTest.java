package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The cost of claims and endings with a thousand waiting jobs of twenty tenants, of which
 * PostgreSQL has no statistics.
 */
class BacklogTest {
  private static final int JOBS = 1000;
  private static final int BATCH = 32;

  private static final int TENANTS = 20;

  /** The limit of rows read per task: its own a few times, its job's, and its neighbours'. */
  private static final int READS = 40;

  private static Ledger ledger;

  @BeforeAll
  static void fill() {
    ledger = Ledger.fresh();
    for (String table : List.of("job", "task", "task_edge", "attempt", "product", "artifact")) {
      ledger.sql("ALTER TABLE %s SET (autovacuum_enabled = false)".formatted(table));
    }
    Plan plan = Plan.of(Ledger.spec(), ledger.card);
    Tenants tenants = new Tenants(ledger.database);
    for (int i = 0; i < JOBS; i++) {
      TenantId tenant = new TenantId("t" + i % TENANTS);
      if (i < TENANTS) {
        tenants.set(tenant, 1.0 + i, null);
      }
      ledger.jobs.submit(NewJob.of(tenant, Ledger.spec(), ledger.digest, plan));
    }
    // Half of the base tasks are done, so that claims also have results to look up.
    for (int done = 0; done < JOBS / 2; done += BATCH) {
      end(ledger.claim("w", BATCH));
    }
  }

  @AfterAll
  static void close() {
    ledger.close();
  }

  @Test
  void a_claim_reads_the_tasks_that_it_hands_out_and_few_more() {
    long before = reads();
    List<Task> claimed = ledger.claim("w", BATCH);
    assertThat(claimed).hasSize(BATCH);
    assertThat(reads() - before).isBetween((long) BATCH, (long) READS * BATCH);
    end(claimed);
  }

  @Test
  void a_claim_of_one_task_reads_but_its_own_rows_and_the_first_of_each_tenant() {
    long before = reads();
    List<Task> claimed = ledger.claim("w", 1);
    assertThat(reads() - before).isBetween(1L, READS + 3L * TENANTS);
    end(claimed);
  }

  @Test
  void a_claim_for_many_workers_reads_the_tasks_that_it_hands_out_and_few_more() {
    List<Seeker> seekers =
        IntStream.range(0, BATCH)
            .mapToObj(
                i ->
                    new Seeker(
                        new WorkerCard(
                            new WorkerId("m" + i),
                            1,
                            "cuda:" + i,
                            "test",
                            Map.of("toy", ledger.digest)),
                        "here",
                        null))
            .toList();
    long before = reads();
    List<Task> claimed = List.copyOf(ledger.tasks.claim(seekers).values());
    assertThat(claimed).hasSize(BATCH);
    assertThat(reads() - before).isBetween((long) BATCH, (long) READS * BATCH + 5L * TENANTS);
    end(claimed);
  }

  @Test
  void ends_read_the_tasks_that_end_and_few_more() {
    List<Task> claimed = ledger.claim("w", BATCH);
    long before = reads();
    end(claimed);
    assertThat(reads() - before).isBetween((long) BATCH, (long) READS * BATCH);
  }

  @Test
  void a_submission_reads_no_task_that_waits() {
    Plan plan = Plan.of(Ledger.spec(), ledger.card);
    long before = reads();
    ledger.jobs.submit(NewJob.of(new TenantId("t1"), Ledger.spec(), ledger.digest, plan));
    assertThat(reads() - before).isBetween(1L, 5L * plan.tasks().size() + 2L * TENANTS);
  }

  private static void end(List<Task> claimed) {
    List<AttemptEnd> words =
        claimed.stream()
            .map(task -> new AttemptEnd(task.lease(), Ledger.success(task), Ledger.EFFORT))
            .toList();
    assertThat(ledger.tasks.end(words)).hasSameSizeAs(claimed);
  }

  /** Returns the number of rows read so far, including those of this query. */
  private static long reads() {
    ledger.database.read(
        "flush the statistics",
        session -> session.first("SELECT pg_stat_force_next_flush()", row -> true));
    return ledger.count(
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
            + " FROM pg_stat_user_tables");
  }
}
