package glimt.storage;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.Task;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TasksTest {
  private static Ledger ledger;

  @BeforeAll
  static void open() {
    ledger = Ledger.fresh();
  }

  @AfterAll
  static void close() {
    ledger.close();
  }

  @Test
  void a_job_whose_tasks_all_succeed_succeeds() {
    JobId job = ledger.submit();
    Task base = ledger.claimOne("w");
    assertThat(ledger.claim("w", 9)).isEmpty();
    assertThat(ledger.succeed(base).orElseThrow().freed()).isTrue();
    ledger.finishAll("w");
    assertThat(ledger.view(job).state()).isEqualTo(JobState.SUCCEEDED);
  }
}
