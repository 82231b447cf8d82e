package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.ArtifactId;
import glimt.job.Fault;
import glimt.job.InvalidSpec;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.model.Kind;
import glimt.storage.StorageException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class JobsTest {
  private static final TenantId OTHER = new TenantId("other");

  private static Ledger ledger;

  @BeforeAll
  static void open() {
    ledger = Ledger.fresh();
    ledger.sql("INSERT INTO tenant VALUES ('other')");
  }

  @AfterAll
  static void close() {
    ledger.close();
  }

  @AfterEach
  void forget() {
    ledger.sql("DELETE FROM job");
  }

  @Test
  void a_submitted_job_is_there_with_its_tasks_edges_and_first_event() {
    Plan plan = Plan.of(Ledger.spec(), ledger.card);
    JobView submitted =
        ledger
            .jobs
            .submit(NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan))
            .orElseThrow();
    assertThat(submitted).isEqualTo(ledger.view(submitted.id()));
    assertThat(submitted.spec()).isEqualTo(Ledger.spec());
    assertThat(submitted.card()).isEqualTo(ledger.digest);
    assertThat(submitted.state()).isEqualTo(JobState.QUEUED);
    assertThat(submitted.progress()).isZero();
    assertThat(submitted.levels())
        .extracting(JobView.LevelView::name)
        .containsExactly("base", "dense");
    assertThat(submitted.levels().stream().flatMap(level -> level.tasks().stream()))
        .extracting(JobView.TaskView::work)
        .containsExactlyElementsOf(plan.tasks().stream().map(Plan.PlannedTask::work).toList());
    assertThat(ledger.count("SELECT count(*) FROM task_edge")).isEqualTo(1 + 3 + 3);
    assertThat(ledger.events.after(TenantId.DEFAULT, submitted.id(), 0, 9))
        .extracting(JobEvent::fact)
        .containsExactly(new JobEvent.Submitted(List.of()));
  }

  @Test
  void a_job_with_a_card_that_nobody_offered_leaves_nothing() {
    Plan plan = Plan.of(Ledger.spec(), ledger.card);
    assertThatThrownBy(
            () ->
                ledger
                    .jobs
                    .submit(
                        NewJob.of(
                            TenantId.DEFAULT, Ledger.spec(), Ledger.digestOf("unheard of"), plan))
                    .orElseThrow())
        .isInstanceOf(StorageException.class);
    assertThat(ledger.count("SELECT (SELECT count(*) FROM job) + (SELECT count(*) FROM task)"))
        .isZero();
  }

  @Test
  void of_jobs_submitted_at_once_each_is_whole_and_only_the_wrong_ones_are_refused()
      throws Exception {
    Plan plan = Plan.of(Ledger.spec(), ledger.card);
    List<Callable<JobView>> askers = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      ArtifactId card = i % 20 == 7 ? Ledger.digestOf("unheard of") : ledger.digest;
      askers.add(
          () ->
              ledger
                  .jobs
                  .submit(NewJob.of(TenantId.DEFAULT, Ledger.spec(), card, plan))
                  .orElseThrow());
    }
    int refused = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<JobView> answer : threads.invokeAll(askers)) {
        if (answer.state() == Future.State.FAILED) {
          assertThat(answer.exceptionNow()).isInstanceOf(StorageException.class);
          refused++;
        } else {
          assertThat(answer.resultNow()).isEqualTo(ledger.view(answer.resultNow().id()));
        }
      }
    }
    assertThat(refused).isEqualTo(3);
    assertThat(ledger.count("SELECT count(*) FROM job")).isEqualTo(57);
    assertThat(ledger.count("SELECT count(*) FROM task_edge")).isEqualTo(57 * (1 + 3 + 3));
  }

  @Test
  void asked_again_with_its_key_a_job_is_the_one_that_was_made_the_first_time() throws Exception {
    Plan plan = Plan.of(Ledger.spec(), ledger.card);
    IdempotencyKey key = new IdempotencyKey("once", Ledger.digestOf("a pine tree"));
    List<Callable<JobView>> askers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      askers.add(
          () ->
              ledger
                  .jobs
                  .submit(NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(key))
                  .orElseThrow());
    }
    Set<JobView> answers = new HashSet<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<JobView> answer : threads.invokeAll(askers)) {
        answers.add(answer.get());
      }
    }
    assertThat(answers).hasSize(1);
    assertThat(ledger.count("SELECT count(*) FROM job")).isEqualTo(1);
    assertThat(ledger.count("SELECT count(*) FROM task")).isEqualTo(6);

    IdempotencyKey other = new IdempotencyKey("once", Ledger.digestOf("a fir"));
    assertThat(
            ledger.jobs.submit(
                NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(other)))
        .isEmpty();
    assertThat(ledger.jobs.submit(NewJob.of(OTHER, Ledger.spec(), ledger.digest, plan).key(key)))
        .isPresent();
    assertThat(ledger.count("SELECT count(*) FROM job")).isEqualTo(2);
    assertThatThrownBy(() -> new IdempotencyKey("two words", Ledger.digestOf("x")))
        .isInstanceOf(InvalidSpec.class);
  }

  @Test
  void after_a_day_a_key_is_free_again() {
    Plan plan = Plan.of(Ledger.spec(), ledger.card);
    IdempotencyKey key = new IdempotencyKey("once", Ledger.digestOf("a pine tree"));
    JobId first =
        ledger
            .jobs
            .submit(NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(key))
            .get()
            .id();
    ledger.sql("UPDATE job SET created = created - interval '23 hours'");
    assertThat(
            ledger.jobs.submit(
                NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(key)))
        .get()
        .extracting(JobView::id)
        .isEqualTo(first);
    ledger.sql("UPDATE job SET created = created - interval '1 hour 1 second'");
    IdempotencyKey other = new IdempotencyKey("once", Ledger.digestOf("a fir"));
    assertThat(
            ledger.jobs.submit(
                NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(other)))
        .get()
        .extracting(JobView::id)
        .isNotEqualTo(first);
    Answers answers = new Answers(ledger.database);
    Answers.Answer early = new Answers.Answer(202, "the first");
    Answers.Answer late = new Answers.Answer(200, "the second");
    assertThat(answers.once(TenantId.DEFAULT, "once", early)).isEqualTo(early);
    assertThat(answers.once(TenantId.DEFAULT, "once", late)).isEqualTo(early);
    assertThat(answers.once(OTHER, "once", late)).isEqualTo(late);
    ledger.sql("UPDATE answer SET made = made - interval '24 hours 1 second'");
    assertThat(answers.once(TenantId.DEFAULT, "once", late)).isEqualTo(late);
  }

  @Test
  void of_answers_to_a_key_at_one_moment_one_is_stored_for_all() throws Exception {
    // Two gateways, each with batches of its own.
    List<Answers> gateways = List.of(new Answers(ledger.database), new Answers(ledger.database));
    List<Callable<Answers.Answer>> twins = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      int twin = i;
      String key = "at once " + i % 5;
      twins.add(
          () ->
              gateways
                  .get(twin % 2)
                  .once(TenantId.DEFAULT, key, new Answers.Answer(202, key + " of " + twin)));
    }
    Set<String> bodies = new HashSet<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Answers.Answer>> given = threads.invokeAll(twins);
      for (int i = 0; i < given.size(); i++) {
        assertThat(given.get(i).get().body()).startsWith("at once " + i % 5 + " of ");
        bodies.add(given.get(i).get().body());
      }
    }
    assertThat(bodies).hasSize(5);
  }

  @Test
  void no_tenant_sees_the_job_of_another() {
    JobId job = ledger.submit();
    assertThat(ledger.jobs.find(OTHER, job)).isEmpty();
    assertThat(ledger.jobs.cancel(OTHER, job)).isEmpty();
    assertThat(ledger.jobs.page(OTHER, listing(9, Optional.empty())).jobs()).isEmpty();
    assertThat(ledger.events.after(OTHER, job, 0, 9)).isEmpty();
    assertThatThrownBy(() -> ledger.jobs.page(OTHER, listing(9, Optional.of(job))))
        .isInstanceOf(InvalidSpec.class);
    assertThat(ledger.view(job).state()).isEqualTo(JobState.QUEUED);
  }

  @Test
  void jobs_are_listed_newest_first_page_by_page_and_by_state() {
    JobId succeeded = ledger.submit();
    ledger.finishAll("w");
    JobId running = ledger.submit();
    ledger.claimOne("w");
    JobId cancelled = ledger.submit();
    ledger.jobs.cancel(TenantId.DEFAULT, cancelled);
    JobId queued = ledger.submit();

    assertThat(list(9, Optional.empty(), Optional.empty()))
        .containsExactly(queued, cancelled, running, succeeded);
    assertThat(list(2, Optional.empty(), Optional.empty())).containsExactly(queued, cancelled);
    assertThat(list(2, Optional.of(cancelled), Optional.empty()))
        .containsExactly(running, succeeded);
    assertThat(list(9, Optional.empty(), Optional.of(JobState.QUEUED))).containsExactly(queued);
    assertThat(list(9, Optional.empty(), Optional.of(JobState.RUNNING))).containsExactly(running);
    assertThat(list(9, Optional.empty(), Optional.of(JobState.SUCCEEDED)))
        .containsExactly(succeeded);
    assertThat(list(9, Optional.empty(), Optional.of(JobState.CANCELLED)))
        .containsExactly(cancelled);
    assertThat(list(9, Optional.empty(), Optional.of(JobState.FAILED))).isEmpty();
    assertThat(list(9, Optional.of(cancelled), Optional.of(JobState.RUNNING)))
        .containsExactly(running);
  }

  @Test
  void a_cancelled_job_stays_cancelled_and_none_of_its_tasks_starts() {
    JobId job = ledger.submit();
    Task running = ledger.claimOne("w");
    JobView cancelled = ledger.jobs.cancel(TenantId.DEFAULT, job).orElseThrow();
    assertThat(cancelled.state()).isEqualTo(JobState.CANCELLED);
    assertThat(cancelled.levels().stream().flatMap(level -> level.tasks().stream()))
        .allSatisfy(task -> assertThat(task.state()).isEqualTo(TaskState.CANCELLED));
    assertThat(ledger.claim("w", 9)).isEmpty();
    assertThat(ledger.succeed(running)).isEmpty();
    assertThat(ledger.jobs.cancel(TenantId.DEFAULT, job)).contains(cancelled);
    assertThat(ledger.view(job)).isEqualTo(cancelled);
    assertThat(ledger.events.after(TenantId.DEFAULT, job, cancelled.lastSeq() - 1, 9))
        .extracting(JobEvent::fact)
        .containsExactly(new JobEvent.JobEnded(JobState.CANCELLED, null, null));
  }

  @Test
  void cancelling_a_finished_job_changes_nothing() {
    JobId succeeded = ledger.submit();
    ledger.finishAll("w");
    JobId failed = ledger.submit();
    ledger.tasks.end(
        ledger.claimOne("w").lease(), new Outcome.Failed(Fault.INVALID, "no"), Ledger.EFFORT);
    for (JobId job : List.of(succeeded, failed)) {
      JobView before = ledger.view(job);
      assertThat(ledger.jobs.cancel(TenantId.DEFAULT, job)).contains(before);
    }
    assertThat(ledger.jobs.cancel(TenantId.DEFAULT, JobId.random())).isEmpty();
  }

  private static List<JobId> list(int limit, Optional<JobId> after, Optional<JobState> state) {
    return ids(ledger.jobs.page(TenantId.DEFAULT, new JobListing(limit, after, state)));
  }

  private static JobListing listing(int limit, Optional<JobId> after) {
    return new JobListing(limit, after, Optional.empty());
  }

  private static List<JobId> ids(JobPage page) {
    return page.jobs().stream().map(JobView::id).toList();
  }

  @Test
  void a_page_knows_whether_there_is_another_and_may_begin_with_the_oldest() {
    List<JobId> oldest = List.of(ledger.submit(), ledger.submit(), ledger.submit());
    List<JobId> newest = oldest.reversed();
    JobPage first = ledger.jobs.page(TenantId.DEFAULT, listing(2, Optional.empty()));
    assertThat(ids(first)).isEqualTo(newest.subList(0, 2));
    assertThat(first.more()).isTrue();
    JobPage full = ledger.jobs.page(TenantId.DEFAULT, listing(3, Optional.empty()));
    assertThat(ids(full)).isEqualTo(newest);
    assertThat(full.more()).isFalse();
    assertThat(ids(ledger.jobs.page(TenantId.DEFAULT, oldestFirst(2, Optional.empty()))))
        .isEqualTo(oldest.subList(0, 2));
    JobPage last = ledger.jobs.page(TenantId.DEFAULT, oldestFirst(2, Optional.of(oldest.get(1))));
    assertThat(ids(last)).containsExactly(oldest.get(2));
    assertThat(last.more()).isFalse();
    JobListing videos =
        new JobListing(9, Optional.empty(), Optional.empty(), Optional.of(Kind.VIDEO), false);
    assertThat(ids(ledger.jobs.page(TenantId.DEFAULT, videos))).isEmpty();
  }

  private static JobListing oldestFirst(int limit, Optional<JobId> after) {
    return new JobListing(limit, after, Optional.empty(), Optional.of(Kind.POINTS), true);
  }

  @Test
  void a_deleted_job_is_gone_for_every_reader_and_lists_go_on_past_it() {
    JobId before = ledger.submit();
    IdempotencyKey key = new IdempotencyKey("once", Ledger.digestOf("a pine"));
    Plan plan = Plan.of(Ledger.spec(), Ledger.card("toy", 3));
    JobId job =
        ledger
            .jobs
            .submit(NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(key))
            .orElseThrow()
            .id();
    assertThat(ledger.jobs.delete(TenantId.DEFAULT, job)).as("the job has not ended").isFalse();
    ledger.finishAll("w");
    assertThat(ledger.jobs.delete(OTHER, job)).isFalse();
    assertThat(ledger.jobs.delete(TenantId.DEFAULT, job)).isTrue();
    assertThat(ledger.jobs.delete(TenantId.DEFAULT, job)).isFalse();

    assertThat(ledger.jobs.find(TenantId.DEFAULT, job)).isEmpty();
    assertThat(ledger.jobs.cancel(TenantId.DEFAULT, job)).isEmpty();
    assertThat(ledger.events.after(TenantId.DEFAULT, job, 0, 9)).isEmpty();
    assertThat(list(9, Optional.empty(), Optional.empty())).containsExactly(before);
    assertThat(list(9, Optional.of(job), Optional.empty())).containsExactly(before);
    assertThat(
            ledger.jobs.submit(
                NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, plan).key(key)))
        .as("its key stays used")
        .isEmpty();
    assertThat(ledger.count("SELECT count(*) FROM product JOIN task ON task.id = task"))
        .as("rows that refer to files: " + job)
        .isEqualTo(ledger.count("SELECT count(*) FROM task WHERE job = '" + before + "'"));
    assertThat(ledger.count("SELECT count(*) FROM job WHERE spec::text LIKE '%prompt%'"))
        .isEqualTo(1);
  }

  @Test
  void a_worker_that_makes_a_file_of_a_deleted_job_again_changes_nothing() {
    JobId job = ledger.submit();
    ledger.finishAll("w");
    ArtifactId file = ledger.view(job).levels().getFirst().products().getFirst().artifact().id();
    assertThat(ledger.tasks.remake(job, file)).isTrue();
    Task again = ledger.claimOne("w");
    assertThat(ledger.jobs.delete(TenantId.DEFAULT, job)).isTrue();
    assertThat(ledger.succeed(again)).isEmpty();
    assertThat(ledger.claim("w", 9)).isEmpty();
    assertThat(ledger.tasks.remake(job, file)).isFalse();
  }

  /** While the cancellation waits for a task's row lock, another task of the job may be claimed. */
  @Test
  void no_attempt_begins_after_the_end_of_a_job_that_is_being_cancelled() throws Exception {
    JobId job = ledger.submit();
    ledger.succeed(ledger.claimOne("w"));
    ledger.succeed(ledger.claimOne("w"));
    CountDownLatch holds = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Object> ahead =
          threads.submit(
              () ->
                  ledger.database.transact(
                      "be ahead",
                      session -> {
                        session.first(
                            "SELECT id FROM task WHERE job = ? AND ordinal = 2 FOR UPDATE",
                            row -> row,
                            job.value());
                        holds.countDown();
                        await(over);
                        return job;
                      }));
      await(holds);
      Future<Optional<JobView>> cancel =
          threads.submit(() -> ledger.jobs.cancel(TenantId.DEFAULT, job));
      while (ledger.count("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0) {
        Thread.onSpinWait();
      }
      assertThat(ledger.claim("w", 1)).hasSize(1);
      over.countDown();
      ahead.get();
      assertThat(cancel.get().orElseThrow().state()).isEqualTo(JobState.CANCELLED);
    }
    assertThat(ledger.view(job).levels().getLast().tasks())
        .flatExtracting(JobView.TaskView::attempts)
        .hasSize(1)
        .allSatisfy(begun -> assertThat(begun.outcome()).isEqualTo("cancelled"));
    assertThat(new Audit(ledger.database).breaches()).isEmpty();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
