package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.ArtifactId;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.Work;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Jobs that begin with a level of another. A job of the ledger has the levels base and dense. */
class TakenLevelsTest {
  private final Ledger ledger = Ledger.fresh();

  @AfterEach
  void close() {
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
    ledger.close();
  }

  private List<JobView> drafts(int count, @Nullable IdempotencyKey key) {
    return ledger.jobs.submitDrafts(
        IntStream.range(0, count)
            .mapToObj(i -> Ledger.spec().seeded(7 + i).until("base"))
            .map(
                spec ->
                    NewJob.of(TenantId.DEFAULT, spec, ledger.digest, Plan.of(spec, ledger.card))
                        .key(key))
            .toList());
  }

  private JobView goOn(JobId from, @Nullable IdempotencyKey key) {
    Plan plan = Plan.of(Ledger.spec(), ledger.card, "base");
    TaskId assembled =
        ledger.jobs.find(TenantId.DEFAULT, from).stream()
            .flatMap(job -> job.levels().getFirst().tasks().stream())
            .filter(task -> task.work() instanceof Work.Assemble)
            .findFirst()
            .map(JobView.TaskView::id)
            .orElse(new TaskId(1));
    return ledger
        .jobs
        .refine(
            NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(key).origin(from),
            new TakenLevel(from, "base", Map.of(0, assembled)))
        .orElseThrow();
  }

  private JobId finishedDraft() {
    JobId draft = drafts(1, null).getFirst().id();
    ledger.finishAll("w");
    return draft;
  }

  private static ArtifactId sample(JobView job) {
    return job.levels().getFirst().products().getFirst().artifact().id();
  }

  @Test
  void drafts_are_jobs_of_the_base_level_that_are_handed_to_as_many_workers_as_ask() {
    List<JobView> drafts = drafts(4, null);
    JobId first = drafts.getFirst().id();
    assertThat(drafts).extracting(JobView::drafts).containsOnly(first);
    assertThat(drafts)
        .extracting(job -> job.spec().sampling().seed())
        .containsExactly(7L, 8L, 9L, 10L);
    List<Task> one = ledger.claim("v", 2);
    List<Task> other = ledger.claim("w", 2);
    assertThat(one).extracting(Task::job).doesNotContainAnyElementsOf(jobs(other)).hasSize(2);
    one.forEach(ledger::succeed);
    other.forEach(ledger::succeed);
    ledger.finishAll("w");
    assertThat(ledger.jobs.drafts(TenantId.DEFAULT, first))
        .hasSize(4)
        .allSatisfy(
            job -> {
              assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
              assertThat(job.levels()).extracting(JobView.LevelView::name).containsExactly("base");
            });
    assertThat(ledger.jobs.drafts(new TenantId("another"), first)).isEmpty();
  }

  private static List<JobId> jobs(List<Task> tasks) {
    return tasks.stream().map(Task::job).toList();
  }

  @Test
  void asked_again_with_their_key_drafts_are_those_of_the_first_time() {
    IdempotencyKey key = new IdempotencyKey("once", Ledger.digestOf("four"));
    List<JobView> drafts = drafts(4, key);
    assertThat(drafts(4, key))
        .extracting(JobView::id)
        .isEqualTo(drafts.stream().map(JobView::id).toList());
    assertThat(drafts(2, new IdempotencyKey("once", Ledger.digestOf("two")))).isEmpty();
    assertThat(ledger.count("SELECT count(*) FROM job")).isEqualTo(4);
  }

  @Test
  void beyond_a_quota_no_draft_is_stored() {
    ledger.sql("UPDATE tenant SET jobs = 3");
    assertThatThrownBy(() -> drafts(4, null)).isInstanceOf(QuotaExceeded.class);
    assertThat(ledger.count("SELECT count(*) FROM job")).isZero();
    assertThat(drafts(3, null)).hasSize(3);
  }

  @Test
  void a_job_goes_on_from_a_level_without_a_task_below_it() {
    JobId draft = finishedDraft();
    JobView job = goOn(draft, null);
    assertThat(job.origin()).isEqualTo(draft);
    assertThat(job.originLevel()).isEqualTo("base");
    assertThat(job.levels().getFirst().state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(sample(job)).isEqualTo(sample(ledger.view(draft)));
    assertThat(job.levels().getFirst().tasks()).hasSize(1);
    assertThat(job.progress()).isBetween(0.01, 0.9);
    assertThat(ledger.events.after(TenantId.DEFAULT, job.id(), 0, 9))
        .extracting(JobEvent::fact)
        .containsExactly(new JobEvent.Submitted(List.of(), draft, "base"));
    List<Task> claimed = ledger.claim("w", 9);
    assertThat(claimed)
        .hasSize(3)
        .allSatisfy(
            task -> {
              assertThat(task.work().level()).isEqualTo("dense");
              assertThat(task.inputs(Plan.BELOW)).containsExactly(sample(job));
            });
    claimed.forEach(ledger::succeed);
    ledger.finishAll("w");
    assertThat(ledger.view(job.id()).state()).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void a_job_keeps_the_level_that_it_took_when_the_other_is_deleted() {
    JobId draft = finishedDraft();
    JobView job = goOn(draft, null);
    assertThat(ledger.jobs.delete(TenantId.DEFAULT, draft)).isTrue();
    assertThat(sample(ledger.view(job.id()))).isEqualTo(sample(job));
    ledger.finishAll("w");
    assertThat(ledger.view(job.id()).state()).isEqualTo(JobState.SUCCEEDED);
    // From a level that was taken over a third job may go on.
    goOn(job.id(), null);
    ledger.finishAll("w");
    assertThatThrownBy(() -> goOn(draft, null)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void asked_again_with_its_key_going_on_is_the_job_of_the_first_time() {
    JobId draft = finishedDraft();
    IdempotencyKey key = new IdempotencyKey("once", Ledger.digestOf("on"));
    JobView job = goOn(draft, key);
    assertThat(goOn(draft, key).id()).isEqualTo(job.id());
    assertThat(ledger.count("SELECT count(*) FROM job")).isEqualTo(2);
  }

  @Test
  void a_lost_file_of_a_level_that_was_taken_over_is_made_again_by_the_job_that_made_it() {
    JobId draft = finishedDraft();
    JobView job = goOn(draft, null);
    List<Task> readers = ledger.claim("v", 2);
    Outcome damaged = new Outcome.Damaged(sample(job));
    readers.forEach(reader -> ledger.tasks.end(reader.lease(), damaged, Ledger.EFFORT));
    List<Task> claimed = ledger.claim("w", 9);
    Task again =
        claimed.stream().filter(task -> task.job().equals(draft)).findFirst().orElseThrow();
    assertThat(again.work()).isInstanceOf(Work.Assemble.class);
    assertThat(claimed).hasSize(2); // and the third reader, which has not looked yet
    assertThat(ledger.view(job.id()).levels().get(1).tasks().getFirst().state())
        .isEqualTo(TaskState.BLOCKED);
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
    claimed.forEach(ledger::succeed);
    ledger.finishAll("w");
    assertThat(ledger.view(job.id()).state()).isEqualTo(JobState.SUCCEEDED);
    // What people download is found the same way, as long as the other job is there.
    assertThat(ledger.tasks.remake(job.id(), sample(job))).isTrue();
    ledger.finishAll("w");
    ledger.jobs.delete(TenantId.DEFAULT, draft);
    assertThat(ledger.tasks.remake(job.id(), sample(job))).isFalse();
  }

  @Test
  void a_job_that_is_told_to_stop_keeps_its_newest_whole_level() {
    JobId job = ledger.submit();
    assertThat(ledger.jobs.stop(TenantId.DEFAULT, job).orElseThrow().state())
        .isEqualTo(JobState.QUEUED);
    ledger.succeed(ledger.claimOne("w"));
    ledger.succeed(ledger.claimOne("w"));
    Task running = ledger.claimOne("w");
    assertThat(ledger.jobs.stop(new TenantId("another"), job)).isEmpty();
    JobView stopped = ledger.jobs.stop(TenantId.DEFAULT, job).orElseThrow();
    assertThat(stopped.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(stopped.endedAtLevel()).isEqualTo("base");
    assertThat(stopped.why()).isEqualTo("it was told to stop; its result is the level base");
    assertThat(ledger.succeed(running)).isEqualTo(Optional.empty());
    assertThat(ledger.claim("w", 8)).isEmpty();
  }

  @Test
  void a_level_that_was_taken_over_is_none_that_a_job_can_stop_at() {
    JobView job = goOn(finishedDraft(), null);
    assertThat(ledger.jobs.stop(TenantId.DEFAULT, job.id()).orElseThrow().state())
        .isEqualTo(JobState.QUEUED);
    ledger.finishAll("w");
  }
}
