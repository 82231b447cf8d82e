package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.JobView.TaskView;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.Work;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.model.BundleCard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
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

  @AfterEach
  void forget() {
    ledger.sql("DELETE FROM job");
    ledger.sql("DELETE FROM worker");
  }

  @Test
  void a_job_whose_tasks_all_succeed_succeeds() {
    JobId job = ledger.submit();
    assertThat(ledger.view(job).state()).isEqualTo(JobState.QUEUED);
    Task base = ledger.claimOne("w");
    assertThat(ledger.view(job).state()).isEqualTo(JobState.RUNNING);
    assertThat(ledger.claim("w", 9)).isEmpty();
    assertThat(ledger.succeed(base).orElseThrow().freed()).isTrue();
    ledger.finishAll("w");
    JobView view = ledger.view(job);
    assertThat(view.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(view.progress()).isEqualTo(1);
    assertThat(view.levels()).allSatisfy(level -> assertThat(level.products()).hasSize(1));
    assertThat(facts(job))
        .hasExactlyElementsOfTypes(
            JobEvent.Submitted.class,
            JobEvent.JobStarted.class,
            JobEvent.LevelFinished.class,
            JobEvent.LevelFinished.class,
            JobEvent.JobEnded.class);
    AttemptView attempt = view.levels().getFirst().tasks().getFirst().attempts().getFirst();
    assertThat(attempt.effort()).isEqualTo(Ledger.EFFORT);
    assertThat(attempt.outcome()).isEqualTo("succeeded");
    assertThat(attempt.ended()).isAfterOrEqualTo(attempt.started());
  }

  @Test
  void a_task_reads_what_the_tasks_before_it_made_in_the_order_of_its_plan() {
    ledger.submit();
    ledger.succeed(ledger.claimOne("w"));
    Task assemble = ledger.claimOne("w");
    ledger.succeed(assemble);
    List<Task> upper = ledger.claim("w", 9);
    assertThat(upper).hasSize(3);
    assertThat(upper)
        .allSatisfy(task -> assertThat(task.artifacts()).containsExactly(Ledger.made(assemble)));
    upper.reversed().forEach(ledger::succeed);
    assertThat(ledger.claimOne("w").artifacts())
        .containsExactlyElementsOf(upper.stream().map(Ledger::made).toList());
  }

  @Test
  void the_oldest_job_comes_first_and_within_it_the_order_of_its_plan() {
    JobId first = ledger.submit();
    JobId second = ledger.submit();
    List<Task> bases = ledger.claim("w", 9);
    assertThat(bases).extracting(Task::job).containsExactly(first, second);
    bases.reversed().forEach(ledger::succeed);
    ledger.claim("w", 2).forEach(ledger::succeed);
    assertThat(ledger.claim("w", 4))
        .extracting(Task::job)
        .containsExactly(first, first, first, second);
  }

  @Test
  void a_worker_gets_only_tasks_of_the_very_card_it_has() {
    JobId job = ledger.submit();
    ArtifactId changed = Ledger.digestOf("toy, changed");
    ledger.bundles.offer(changed, ledger.card);
    assertThat(claim("w", Map.of("toy", changed), 1)).isEmpty();
    assertThat(claim("w", Map.of(), 1)).isEmpty();
    assertThat(claim("w", Map.of("other", changed, "toy", ledger.digest), 1))
        .extracting(Task::job)
        .containsExactly(job);
  }

  @Test
  void a_task_is_handed_out_once() throws Exception {
    for (int i = 0; i < 8; i++) {
      ledger.submit();
    }
    List<Callable<List<Task>>> claims = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String worker = "w" + i;
      claims.add(() -> ledger.claim(worker, 2));
    }
    assertThat(atOnce(claims).stream().flatMap(List::stream).map(Task::lease))
        .hasSize(8)
        .doesNotHaveDuplicates();
  }

  @Test
  void a_worker_that_lost_its_lease_changes_nothing() {
    JobId job = ledger.submit();
    Task lost = ledger.claimOne("slow");
    ledger.letLeasesRunOut();
    assertThat(ledger.tasks.expire()).containsExactly(job);
    JobView before = ledger.view(job);
    changesNothing(lost);
    assertThat(ledger.view(job)).isEqualTo(before);

    Task again = ledger.claimOne("quick");
    assertThat(again.lease()).isEqualTo(new Lease(lost.lease().task(), 2));
    before = ledger.view(job);
    changesNothing(lost);
    assertThat(ledger.view(job)).isEqualTo(before);
    assertThat(ledger.succeed(again)).isPresent();
  }

  @Test
  void ending_twice_is_harmless() {
    JobId job = ledger.submit();
    Task task = ledger.claimOne("w");
    assertThat(ledger.succeed(task)).isPresent();
    JobView before = ledger.view(job);
    changesNothing(task);
    assertThat(ledger.view(job)).isEqualTo(before);
    Task assemble = ledger.claimOne("w");
    AttemptEnd twice = new AttemptEnd(assemble.lease(), Ledger.success(assemble), Ledger.EFFORT);
    assertThat(ledger.tasks.end(List.of(twice, twice))).hasSize(1);
  }

  @Test
  void a_lease_that_is_renewed_does_not_run_out() {
    ledger.submit();
    Task task = ledger.claimOne("w");
    ledger.letLeasesRunOut();
    assertThat(ledger.tasks.renew(Map.of(task.lease(), 1)).held()).containsExactly(task.lease());
    assertThat(ledger.tasks.expire()).isEmpty();
    assertThat(ledger.succeed(task)).isPresent();
  }

  @Test
  void leases_are_renewed_by_the_batch() {
    JobId job = ledger.submit();
    ledger.submit();
    List<Task> tasks = ledger.claim("w", 2);
    ledger.succeed(tasks.getLast());
    assertThat(
            ledger
                .tasks
                .renew(Map.of(tasks.getFirst().lease(), 3, tasks.getLast().lease(), 4))
                .held())
        .containsExactly(tasks.getFirst().lease());
    assertThat(task(job, 0).step()).isEqualTo(3);
    assertThat(ledger.tasks.renew(Map.of()).held()).isEmpty();
  }

  @Test
  void progress_counts_the_steps_of_running_tasks_and_never_goes_back() {
    JobId job = ledger.submit();
    Task base = ledger.claimOne("w");
    ledger.tasks.renew(Map.of(base.lease(), 2));
    double half = ledger.view(job).progress();
    // The plan has 4 steps of 8 values, 8 to assemble, 3 times 2 steps of 8, and 24 to assemble.
    assertThat(half).isEqualTo(2 * 8.0 / (32 + 8 + 48 + 24));
    assertThat(ledger.view(job).levels().getFirst().progress()).isEqualTo(16.0 / 40);
    ledger.tasks.lose(new WorkerId("w"));
    assertThat(ledger.view(job).progress()).isEqualTo(half);
    Task again = ledger.claimOne("v");
    assertThat(task(job, 0).step()).isZero();
    ledger.tasks.renew(Map.of(again.lease(), 1));
    assertThat(ledger.view(job).progress()).isEqualTo(half);
    ledger.tasks.renew(Map.of(again.lease(), 99));
    assertThat(ledger.view(job).progress()).isEqualTo(2 * half);
  }

  @Test
  void a_checkpoint_is_where_the_next_attempt_goes_on() {
    JobId job = ledger.submit();
    Task first = ledger.claimOne("w");
    assertThat(first.checkpoint()).isEmpty();
    Checkpoint at2 = new Checkpoint(Ledger.digestOf("at 2"), 2, "test");
    assertThat(ledger.tasks.checkpoint(first.lease(), at2)).isTrue();
    Checkpoint late = new Checkpoint(Ledger.digestOf("at 1"), 1, "test");
    assertThat(ledger.tasks.checkpoint(first.lease(), late)).isTrue();
    ledger.tasks.lose(new WorkerId("w"));
    Task second = ledger.claimOne("v");
    assertThat(second.checkpoint()).contains(at2);
    assertThat(task(job, 0).step()).isEqualTo(2);
    ledger.succeed(second);
    assertThat(ledger.count("SELECT count(*) FROM task WHERE checkpoint_state IS NOT NULL"))
        .isZero();
  }

  @Test
  void the_checkpoint_before_the_latest_is_kept_for_whoever_cannot_trust_the_latest() {
    ledger.submit();
    Task first = ledger.claimOne("w");
    Checkpoint at1 = checkpoint(1);
    Checkpoint at2 = checkpoint(2);
    Checkpoint at3 = checkpoint(3);
    for (Checkpoint each : List.of(at1, at2, at3)) {
      assertThat(ledger.tasks.checkpoint(first.lease(), each)).isTrue();
    }
    ledger.tasks.lose(new WorkerId("w"));
    Task second = ledger.claimOne("v");
    assertThat(second.checkpoints()).containsExactly(at3, at2);

    // The second attempt resumed from the earlier checkpoint, and is lost at the same step.
    ledger.tasks.renew(Map.of(second.lease(), 2));
    Checkpoint again = new Checkpoint(Ledger.digestOf("at 3, made again"), 3, "test");
    ledger.tasks.checkpoint(second.lease(), again);
    ledger.tasks.lose(new WorkerId("v"));
    assertThat(ledger.claimOne("u").checkpoints()).containsExactly(again, at2);
    assertThat(ledger.count("SELECT losses FROM task WHERE ordinal = 0"))
        .as("a step that was reached before forgives no losses")
        .isEqualTo(2);
  }

  @Test
  void a_checkpoint_waits_for_a_worker_of_its_class_while_there_is_one() {
    JobId job = ledger.submit();
    ledger.submit();
    Task first = ledger.claimOne("w");
    ledger.claimOne("colleague");
    ledger.tasks.checkpoint(first.lease(), checkpoint(3));
    ledger.tasks.lose(new WorkerId("w"));
    // The colleague has not asked for work for an hour, but it is alive because it holds a task.
    ledger.sql("UPDATE worker SET seen = now() - interval '1 hour'");
    ledger.sql("UPDATE task SET ready_at = now() - interval '1 hour' WHERE state = 'ready'");
    assertThat(claim("stranger", "another")).isEmpty();
    ledger.tasks.lose(new WorkerId("colleague"));
    assertThat(claim("stranger", "another")).extracting(Task::job).contains(job);
  }

  @Test
  void a_worker_that_is_noted_as_idle_counts_as_there_though_it_claims_nothing() {
    JobId job = ledger.submit();
    Task first = ledger.claimOne("w");
    assertThat(claim("colleague", "test")).isEmpty();
    ledger.tasks.checkpoint(first.lease(), checkpoint(3));
    ledger.tasks.lose(new WorkerId("w"));
    ledger.sql("UPDATE worker SET seen = now() - interval '1 hour'");
    ledger.sql("UPDATE task SET ready_at = now() - interval '1 hour' WHERE state = 'ready'");
    assertThat(ledger.tasks.seen(List.of(new WorkerId("colleague"), new WorkerId("nobody"))))
        .isEqualTo(1);
    assertThat(claim("stranger", "another")).as("the colleague is of its class").isEmpty();
    assertThat(claim("colleague", "test")).extracting(Task::job).contains(job);
  }

  @Test
  void a_checkpoint_of_which_nobody_is_left_waits_a_while_and_then_its_task_starts_afresh() {
    JobId job = ledger.submit();
    ledger.tasks.checkpoint(ledger.claimOne("w").lease(), checkpoint(3));
    ledger.tasks.lose(new WorkerId("w"));
    assertThat(claim("stranger", "another")).isEmpty();
    ledger.sql("UPDATE task SET ready_at = now() - interval '11 seconds' WHERE state = 'ready'");
    Task afresh = claim("stranger", "another").getFirst();
    assertThat(afresh.checkpoints()).as("a task never mixes two classes").isEmpty();
    assertThat(task(job, 0).step()).isZero();
    Checkpoint theirs = new Checkpoint(Ledger.digestOf("theirs"), 1, "another");
    ledger.tasks.checkpoint(afresh.lease(), theirs);
    ledger.tasks.lose(new WorkerId("stranger"));
    assertThat(claim("stranger again", "another").getFirst().checkpoints()).containsExactly(theirs);
  }

  @Test
  void a_yielded_task_is_ready_at_once_and_uncharged() {
    JobId job = ledger.submit();
    Checkpoint at3 = new Checkpoint(Ledger.digestOf("at 3"), 3, "test");
    for (int i = 0; i < 5; i++) {
      Task task = ledger.claimOne("w");
      assertThat(task.checkpoint()).isEqualTo(i == 0 ? Optional.empty() : Optional.of(at3));
      assertThat(
              ledger
                  .tasks
                  .end(task.lease(), new Outcome.Yielded(Optional.of(at3)), Ledger.EFFORT)
                  .orElseThrow()
                  .freed())
          .isTrue();
    }
    ledger.finishAll("w");
    assertThat(ledger.view(job).state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(task(job, 0).attempts())
        .extracting(AttemptView::outcome)
        .containsExactly("yielded", "yielded", "yielded", "yielded", "yielded", "succeeded");
  }

  @Test
  void a_retryable_failure_is_charged_and_the_third_ends_the_job() {
    JobId job = ledger.submit();
    for (int i = 1; i <= 3; i++) {
      Task task = ledger.claimOne("w" + i);
      assertThat(fail(task, Fault.INTERNAL, "try " + i).orElseThrow().freed()).isEqualTo(i < 3);
    }
    JobView view = ledger.view(job);
    assertThat(view.state()).isEqualTo(JobState.FAILED);
    assertThat(view.fault()).isEqualTo(Fault.INTERNAL);
    assertThat(view.why()).isEqualTo("try 3");
    assertThat(task(job, 0).state()).isEqualTo(TaskState.FAILED);
    assertThat(task(job, 1).state()).isEqualTo(TaskState.CANCELLED);
    assertThat(ledger.claim("w", 9)).isEmpty();
    assertThat(facts(job).getLast())
        .isEqualTo(new JobEvent.JobEnded(JobState.FAILED, Fault.INTERNAL, "try 3"));
  }

  @Test
  void a_failure_that_trying_again_cannot_help_ends_the_job_and_stops_its_siblings() {
    JobId job = ledger.submit();
    ledger.succeed(ledger.claimOne("w"));
    ledger.succeed(ledger.claimOne("w"));
    List<Task> siblings = ledger.claim("w", 2);
    fail(siblings.getFirst(), Fault.INVALID, "no such \0 thing");
    JobView view = ledger.view(job);
    assertThat(view.state()).isEqualTo(JobState.FAILED);
    assertThat(view.why()).isEqualTo("no such   thing");
    assertThat(view.levels().getFirst().state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(view.levels().getFirst().products()).hasSize(1);
    assertThat(task(job, 3).attempts())
        .extracting(AttemptView::outcome)
        .containsExactly("cancelled");
    changesNothing(siblings.getLast());
  }

  @Test
  void a_task_that_failed_rests_longer_each_time() {
    Tasks patient =
        new Tasks(
            ledger.database,
            new LeaseTerms(Duration.ofSeconds(10), Duration.ofSeconds(2), Duration.ofMinutes(1)));
    ledger.submit();
    for (int i = 0; i < 2; i++) {
      Task task = ledger.claimOne("w" + i);
      patient.end(task.lease(), new Outcome.Failed(Fault.STORAGE, "disk"), Ledger.EFFORT);
      assertThat(ledger.claim("v", 1)).isEmpty();
      long rest =
          ledger.count(
              "SELECT extract(epoch FROM ready_at - now())::int FROM task WHERE ordinal = 0");
      assertThat(rest).isBetween(43L << i, 76L << i);
      ledger.sql("UPDATE task SET ready_at = now() - interval '1 hour' WHERE state = 'ready'");
    }
  }

  @Test
  void a_worker_that_failed_a_task_leaves_it_to_the_others_for_a_while() {
    ledger.submit();
    fail(ledger.claimOne("unlucky"), Fault.STORAGE, "no room");
    Task again = ledger.claimOne("unlucky");
    assertThat(again.lease().attempt()).as("there are no other workers").isEqualTo(2);
    assertThat(ledger.claim("other", 1)).isEmpty();
    fail(again, Fault.STORAGE, "no room");
    assertThat(ledger.claim("unlucky", 1)).isEmpty();
    ledger.sql("UPDATE task SET ready_at = now() - interval '11 seconds' WHERE state = 'ready'");
    assertThat(ledger.claim("unlucky", 1)).hasSize(1);
  }

  @Test
  void a_task_that_loses_three_workers_without_a_checkpoint_is_poison() {
    JobId job = ledger.submit();
    for (int i = 0; i < 2; i++) {
      ledger.claimOne("w" + i);
      assertThat(ledger.tasks.lose(new WorkerId("w" + i))).containsExactly(job);
    }
    Task task = ledger.claimOne("w2");
    ledger.tasks.checkpoint(task.lease(), new Checkpoint(Ledger.digestOf("at 1"), 1, "test"));
    for (int i = 2; i < 4; i++) {
      assertThat(ledger.tasks.lose(new WorkerId("w" + i))).containsExactly(job);
      ledger.claimOne("w" + (i + 1));
    }
    assertThat(ledger.view(job).state()).isEqualTo(JobState.RUNNING);
    ledger.tasks.lose(new WorkerId("w4"));
    assertThat(ledger.view(job).state()).isEqualTo(JobState.FAILED);
    assertThat(ledger.view(job).fault()).isEqualTo(Fault.POISON);
    assertThat(task(job, 0).attempts())
        .hasSize(5)
        .allSatisfy(attempt -> assertThat(attempt.fault()).isEqualTo(Fault.LOST));
  }

  @Test
  void an_attempt_whose_step_stands_still_is_taken_back_however_often_it_beats() {
    JobId job = ledger.submit();
    for (int i = 0; i < 3; i++) {
      Task task = ledger.claimOne("w" + i);
      ledger.tasks.renew(Map.of(task.lease(), 2));
      ledger.sql("UPDATE task SET stepped = now() - interval '119 seconds' WHERE step > 0");
      assertThat(ledger.tasks.expire()).isEmpty();
      ledger.sql("UPDATE task SET stepped = now() - interval '121 seconds' WHERE step > 0");
      ledger.tasks.renew(Map.of(task.lease(), 2));
      assertThat(ledger.tasks.expire()).containsExactly(job);
    }
    JobView view = ledger.view(job);
    assertThat(view.fault()).isEqualTo(Fault.POISON);
    assertThat(view.why()).isEqualTo("it hung 3 workers");
    assertThat(task(job, 0).attempts())
        .allSatisfy(
            attempt -> {
              assertThat(attempt.outcome()).isEqualTo("lost");
              assertThat(attempt.why()).isEqualTo("no step was done for 120 seconds");
            });
  }

  @Test
  void words_that_come_too_late_or_twice_are_counted() {
    ledger.submit();
    Map<String, Long> before = ledger.tasks.lateWords();
    Task task = ledger.claimOne("w");
    ledger.tasks.renew(Map.of(task.lease(), 1));
    ledger.tasks.checkpoint(task.lease(), checkpoint(1));
    assertThat(ledger.tasks.lateWords()).as("none of these is late").isEqualTo(before);
    ledger.tasks.checkpoint(task.lease(), checkpoint(1));
    ledger.succeed(task);
    ledger.succeed(task);
    ledger.succeed(task);
    ledger.tasks.renew(Map.of(task.lease(), 1, new Lease(task.lease().task(), 7), 2));
    Map<String, Long> after = ledger.tasks.lateWords();
    assertThat(after.get("checkpoint")).isEqualTo(before.getOrDefault("checkpoint", 0L) + 1);
    assertThat(after.get("end")).isEqualTo(before.getOrDefault("end", 0L) + 2);
    assertThat(after.get("beat")).isEqualTo(before.getOrDefault("beat", 0L) + 2);
  }

  @Test
  void what_ran_out_of_memory_is_tried_again_with_nothing_beside_it_on_its_device() {
    JobId job = ledger.submit();
    ledger.submit();
    ledger.submit();
    Task large = ledger.claimOne("first");
    Task beside = ledger.claimOne("second");
    fail(large, Fault.OUT_OF_MEMORY, "no room");
    assertThat(ledger.claim("third", 1))
        .as("the large task is next, but its device is in use")
        .isEmpty();
    ledger.succeed(beside);
    Task again = ledger.claimOne("third");
    assertThat(again.job()).isEqualTo(job);
    assertThat(ledger.claim("second", 1)).as("no other task runs on its device").isEmpty();
    WorkerCard elsewhere =
        new WorkerCard(
            new WorkerId("elsewhere"), 1, "cuda:1", "test", Map.of("toy", ledger.digest));
    assertThat(ledger.tasks.claim(elsewhere, "here", 1)).hasSize(1);
    ledger.succeed(again);
    assertThat(ledger.claim("second", 1)).hasSize(1);
  }

  @Test
  void a_worker_that_fails_what_others_can_do_is_drained_but_not_by_one_bad_task() {
    Workers workers = new Workers(ledger.database);
    for (int i = 0; i < 3; i++) {
      assertThat(workers.drained()).isEmpty();
      JobId job = ledger.submit();
      fail(ledger.claimOne("bad"), Fault.INTERNAL, "a broken device");
      ledger.succeed(ledger.claimOne("good"));
      ledger.jobs.cancel(TenantId.DEFAULT, job);
    }
    assertThat(workers.drained()).containsOnlyKeys(new WorkerId("bad"));
    JobId poison = ledger.submit();
    assertThat(ledger.claim("bad", 1)).isEmpty();
    for (int i = 0; i < 3; i++) {
      fail(ledger.claimOne("good " + i), Fault.INTERNAL, "nobody can");
    }
    assertThat(ledger.view(poison).state()).isEqualTo(JobState.FAILED);
    assertThat(workers.drained()).hasSize(1);
    // When its process ends, its replacement is another worker.
    ledger.tasks.lose(new WorkerId("bad"));
    assertThat(workers.drained()).isEmpty();
  }

  @Test
  void a_damaged_input_is_made_again_and_whoever_reads_it_waits_uncharged() {
    JobId job = ledger.submit();
    ledger.succeed(ledger.claimOne("w"));
    Task assemble = ledger.claimOne("w");
    ledger.succeed(assemble);
    List<Task> readers = ledger.claim("w", 2);
    double progress = ledger.view(job).progress();
    long seq = ledger.view(job).lastSeq();
    Outcome damaged = new Outcome.Damaged(Ledger.made(assemble));
    assertThat(
            ledger
                .tasks
                .end(readers.getFirst().lease(), damaged, Ledger.EFFORT)
                .orElseThrow()
                .freed())
        .isTrue();
    assertThat(task(job, 2).state()).isEqualTo(TaskState.BLOCKED);
    assertThat(task(job, 4).state())
        .as("a ready task that reads the same file")
        .isEqualTo(TaskState.BLOCKED);
    assertThat(task(job, 1).state()).as("a result stays accepted").isEqualTo(TaskState.SUCCEEDED);
    assertThat(ledger.view(job).progress()).isEqualTo(progress);

    Task again = ledger.claimOne("w");
    assertThat(again.lease()).isEqualTo(new Lease(assemble.lease().task(), 2));
    assertThat(again.inputs()).isEqualTo(assemble.inputs());
    // A second reader reports the same damage while the file is being made again.
    ledger.tasks.end(readers.getLast().lease(), damaged, Ledger.EFFORT);
    assertThat(ledger.claim("w", 9)).isEmpty();
    assertThat(ledger.succeed(again).orElseThrow().freed()).isTrue();
    assertThat(ledger.view(job).lastSeq()).as("a repair causes no events").isEqualTo(seq);
    assertThat(task(job, 1).attempts())
        .extracting(AttemptView::outcome)
        .containsExactly("succeeded", "remade");
    ledger.finishAll("w");
    assertThat(ledger.view(job).state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(task(job, 2).attempts())
        .extracting(AttemptView::outcome)
        .containsExactly("yielded", "succeeded");
  }

  @Test
  void a_file_of_a_job_that_succeeded_is_made_again_by_its_class_and_its_ending_stays() {
    JobId job = ledger.submit();
    ledger.finishAll("w");
    JobView before = ledger.view(job);
    ArtifactId file = before.levels().getLast().products().getFirst().artifact().id();
    assertThat(ledger.tasks.remake(job, Ledger.digestOf("of another job"))).isFalse();
    assertThat(ledger.tasks.remake(job, file)).isTrue();
    assertThat(ledger.tasks.remake(job, file)).as("a second request").isTrue();
    assertThat(ledger.view(job)).isEqualTo(before);
    assertThat(claim("stranger", "another")).as("another class would make other bytes").isEmpty();
    Task again = ledger.claimOne("v");
    // The input is lost as well.
    ledger.tasks.end(
        again.lease(), new Outcome.Damaged(again.artifacts().getFirst()), Ledger.EFFORT);
    Task input = ledger.claimOne("v");
    assertThat(Ledger.made(input)).isEqualTo(again.artifacts().getFirst());
    ledger.succeed(input);
    ledger.succeed(ledger.claimOne("v"));
    JobView after = ledger.view(job);
    assertThat(after.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(after.ended()).isEqualTo(before.ended());
    assertThat(after.lastSeq()).isEqualTo(before.lastSeq());
    assertThat(after.levels().getLast().products()).isEqualTo(before.levels().getLast().products());
    assertThat(ledger.claim("v", 9)).isEmpty();
  }

  @Test
  void what_cannot_be_made_again_with_the_same_bytes_is_given_up() {
    JobId job = ledger.submit();
    Task base = ledger.claimOne("w");
    ledger.succeed(base);
    Task reader = ledger.claimOne("w");
    ledger.tasks.end(reader.lease(), new Outcome.Damaged(Ledger.made(base)), Ledger.EFFORT);
    Product other =
        new Product(Product.Role.SAMPLE, new Artifact(Ledger.digestOf("other bytes"), "a/b", 3));
    for (int i = 0; i < 3; i++) {
      Task again = ledger.claimOne("v" + i);
      assertThat(again.lease().task()).isEqualTo(base.lease().task());
      ledger.tasks.end(again.lease(), new Outcome.Succeeded(List.of(other)), Ledger.EFFORT);
    }
    assertThat(task(job, 0).state()).isEqualTo(TaskState.SUCCEEDED);
    assertThat(ledger.tasks.remake(job, Ledger.made(base))).isFalse();
    for (int i = 0; i < 3; i++) {
      Task more = ledger.claimOne("u" + i);
      assertThat(more.lease().task()).isEqualTo(reader.lease().task());
      ledger.tasks.end(more.lease(), new Outcome.Damaged(Ledger.made(base)), Ledger.EFFORT);
    }
    assertThat(ledger.view(job).fault()).isEqualTo(Fault.STORAGE);
    assertThat(ledger.view(job).why()).contains("missing or damaged");
  }

  @Test
  void what_a_worker_warns_of_stands_in_the_job_once_and_is_told_once() {
    JobId job = ledger.submit();
    List<String> before = ledger.view(job).warnings();
    Task base = ledger.claimOne("w");
    List<Product> products = Ledger.success(base).products();
    List<String> warnings = List.of("it's \"cut\"", "so is this");
    Outcome warned = new Outcome.Succeeded(products, warnings);
    assertThat(ledger.tasks.end(base.lease(), warned, Ledger.EFFORT)).isPresent();
    assertThat(ledger.tasks.end(base.lease(), warned, Ledger.EFFORT)).as("late").isEmpty();
    Task next = ledger.claimOne("w");
    products = Ledger.success(next).products();
    ledger.tasks.end(
        next.lease(), new Outcome.Succeeded(products, List.of("so is this")), Ledger.EFFORT);
    assertThat(before).doesNotContainAnyElementsOf(warnings);
    assertThat(ledger.view(job).warnings())
        .containsExactlyElementsOf(Stream.concat(before.stream(), warnings.stream()).toList());
    assertThat(ledger.events.after(TenantId.DEFAULT, job, 0, 99))
        .extracting(JobEvent::fact)
        .filteredOn(JobEvent.Warned.class::isInstance)
        .containsExactly(new JobEvent.Warned(warnings));
  }

  @Test
  void cancelling_a_job_leaves_alone_what_it_had_made() {
    JobId job = ledger.submit();
    Task base = ledger.claimOne("w");
    ledger.succeed(base);
    ledger.tasks.end(
        ledger.claimOne("w").lease(), new Outcome.Damaged(Ledger.made(base)), Ledger.EFFORT);
    Task again = ledger.claimOne("w");
    ledger.jobs.cancel(TenantId.DEFAULT, job);
    assertThat(ledger.succeed(again)).isEmpty();
    assertThat(task(job, 0).state()).isEqualTo(TaskState.SUCCEEDED);
    assertThat(task(job, 1).state()).isEqualTo(TaskState.CANCELLED);
    assertThat(ledger.tasks.remake(job, Ledger.made(base))).as("I11").isFalse();
  }

  @Test
  void of_a_lost_attempt_it_is_told_what_the_ledger_knows() {
    JobId job = ledger.submit();
    Task first = ledger.claimOne("w");
    ledger.tasks.checkpoint(first.lease(), checkpoint(1));
    ledger.tasks.renew(Map.of(first.lease(), 2));
    ledger.tasks.lose(new WorkerId("w"));
    Task second = ledger.claimOne("v");
    ledger.tasks.renew(Map.of(second.lease(), 4));
    ledger.tasks.lose(new WorkerId("v"));
    List<Effort> efforts =
        task(job, 0).attempts().stream()
            .map(attempt -> Objects.requireNonNull(attempt.effort()))
            .toList();
    assertThat(efforts).extracting(Effort::numericClass).containsExactly("test", "test");
    assertThat(efforts).extracting(Effort::resumedFrom).containsExactly(0, 1);
    assertThat(efforts).extracting(Effort::steps).containsExactly(2, 3);
    assertThat(efforts).extracting(Effort::seconds).allSatisfy(s -> assertThat(s).isPositive());
  }

  @Test
  void losing_a_worker_takes_back_only_what_it_holds() {
    ledger.submit();
    ledger.submit();
    Task mine = ledger.claimOne("mine");
    Task other = ledger.claimOne("other");
    assertThat(ledger.tasks.lose(new WorkerId("mine"))).containsExactly(mine.job());
    assertThat(ledger.tasks.lose(new WorkerId("mine"))).isEmpty();
    assertThat(ledger.tasks.renew(Map.of(mine.lease(), 0, other.lease(), 0)).held())
        .containsExactly(other.lease());
  }

  @Test
  void nobody_is_dead_when_it_was_the_database_that_was_away() {
    ledger.submit();
    ledger.submit();
    Task silent = ledger.claimOne("silent");
    Task renewed = ledger.claimOne("renewed");
    // The database was away for an hour; one worker renews its lease before the first sweep.
    ledger.sql("UPDATE pulse SET at = at - interval '1 hour'");
    ledger.letLeasesRunOut();
    ledger.tasks.renew(Map.of(renewed.lease(), 1));
    assertThat(ledger.tasks.expire()).isEmpty();
    assertThat(
            ledger.count(
                """
                SELECT count(*) FROM task
                WHERE state = 'running'
                  AND lease_until BETWEEN now() AND now() + interval '11 seconds'
                """))
        .isEqualTo(2);
    // After the first sweep, expired leases count again.
    ledger.letLeasesRunOut();
    assertThat(ledger.tasks.expire()).containsExactlyInAnyOrder(silent.job(), renewed.job());
  }

  @Test
  void eight_finishers_of_eight_siblings_free_their_successor_once() throws Exception {
    BundleCard wide = Ledger.card("wide", 8);
    ArtifactId digest = Ledger.digestOf("wide");
    ledger.bundles.offer(digest, wide);
    for (int round = 0; round < 10; round++) {
      JobId job = ledger.submit(wide, digest);
      Map<String, ArtifactId> bundles = Map.of("wide", digest);
      for (int i = 0; i < 2; i++) {
        ledger.succeed(claim("w", bundles, 1).getFirst());
      }
      List<Task> siblings = claim("w", bundles, 9);
      assertThat(siblings).hasSize(8);
      List<Callable<Boolean>> finishers = new ArrayList<>();
      for (Task sibling : siblings) {
        finishers.add(() -> ledger.succeed(sibling).orElseThrow().freed());
      }
      assertThat(atOnce(finishers)).containsOnlyOnce(true);
      List<Task> freed = claim("w", bundles, 9);
      assertThat(freed).hasSize(1);
      ledger.succeed(freed.getFirst());
      assertThat(ledger.view(job).state()).isEqualTo(JobState.SUCCEEDED);
    }
  }

  @Test
  void a_batch_that_holds_all_predecessors_frees_their_successor() {
    JobId job = ledger.submit();
    ledger.succeed(ledger.claimOne("w"));
    ledger.succeed(ledger.claimOne("w"));
    List<AttemptEnd> batch =
        ledger.claim("w", 9).stream()
            .map(task -> new AttemptEnd(task.lease(), Ledger.success(task), Ledger.EFFORT))
            .toList();
    List<Settlement> endings = ledger.tasks.end(batch);
    assertThat(endings).hasSize(3).allSatisfy(ending -> assertThat(ending.freed()).isTrue());
    Task last = ledger.claimOne("w");
    assertThat(last.work()).isInstanceOf(Work.Assemble.class);
    Settlement ending = ledger.succeed(last).orElseThrow();
    assertThat(ending.seq()).isEqualTo(ledger.view(job).lastSeq()).isEqualTo(5);
  }

  @Test
  void in_a_batch_one_failure_for_good_ends_the_job_and_what_succeeded_stays() {
    JobId job = ledger.submit();
    ledger.succeed(ledger.claimOne("w"));
    ledger.succeed(ledger.claimOne("w"));
    List<Task> upper = ledger.claim("w", 9);
    Outcome invalid = new Outcome.Failed(Fault.INVALID, "no");
    Outcome yielded = new Outcome.Yielded(Optional.empty());
    ledger.tasks.end(
        List.of(
            new AttemptEnd(upper.get(0).lease(), invalid, Ledger.EFFORT),
            new AttemptEnd(upper.get(1).lease(), yielded, Ledger.EFFORT),
            new AttemptEnd(upper.get(2).lease(), Ledger.success(upper.get(2)), Ledger.EFFORT)));
    assertThat(ledger.view(job).state()).isEqualTo(JobState.FAILED);
    assertThat(task(job, 2).state()).isEqualTo(TaskState.FAILED);
    assertThat(task(job, 3).state()).isEqualTo(TaskState.CANCELLED);
    assertThat(task(job, 4).state()).isEqualTo(TaskState.SUCCEEDED);
  }

  private static void changesNothing(Task task) {
    assertThat(ledger.tasks.renew(Map.of(task.lease(), 3)).held()).isEmpty();
    assertThat(
            ledger.tasks.checkpoint(
                task.lease(), new Checkpoint(Ledger.digestOf("late"), 4, "test")))
        .isFalse();
    assertThat(fail(task, Fault.INVALID, "late")).isEmpty();
    assertThat(ledger.succeed(task)).isEmpty();
  }

  private static List<Task> claim(String worker, Map<String, ArtifactId> bundles, int most) {
    return ledger.tasks.claim(Ledger.worker(worker, bundles), "here", most);
  }

  private static List<Task> claim(String worker, String numericClass) {
    WorkerCard card =
        new WorkerCard(new WorkerId(worker), 1, "cpu", numericClass, Map.of("toy", ledger.digest));
    return ledger.tasks.claim(card, "here", 1);
  }

  private static Checkpoint checkpoint(int step) {
    return new Checkpoint(Ledger.digestOf("at " + step), step, "test");
  }

  private static Optional<Settlement> fail(Task task, Fault fault, String why) {
    return ledger.tasks.end(
        task.lease(), new Outcome.Failed(fault, why), new Effort("test", 0, 0, 0.1, 0));
  }

  private static TaskView task(JobId job, int ordinal) {
    return ledger.view(job).levels().stream()
        .flatMap(level -> level.tasks().stream())
        .filter(task -> task.ordinal() == ordinal)
        .findFirst()
        .orElseThrow();
  }

  private static List<JobEvent.Fact> facts(JobId job) {
    return ledger.events.after(TenantId.DEFAULT, job, 0, 99).stream().map(JobEvent::fact).toList();
  }

  private static <T> List<T> atOnce(List<Callable<T>> calls) throws Exception {
    List<T> results = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<T> call : threads.invokeAll(calls)) {
        results.add(call.get());
      }
    }
    return results;
  }
}
