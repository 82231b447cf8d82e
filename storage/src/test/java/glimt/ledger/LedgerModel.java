package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.TaskView;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TaskState;
import glimt.job.Work;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A single-threaded model of the ledger in memory, which predicts the effect of every call. */
final class LedgerModel {
  private static final class Entry {
    final JobEntry job;
    final Plan.PlannedTask planned;
    TaskState state = TaskState.BLOCKED;
    int attempt;
    int failures;
    int losses;
    @Nullable Checkpoint checkpoint;
    @Nullable Checkpoint fallback;
    int checkpointAttempt;
    int forgiven;
    int step;
    @Nullable String worker;
    String numericClass = "";
    String device = "";
    boolean alone;
    int damages;
    @Nullable String madeIn;
    @Nullable String remadeIn;
    List<ArtifactId> inputs = List.of();
    final Set<String> failedBy = new HashSet<>();
    @Nullable String failedOn;

    Entry(JobEntry job, Plan.PlannedTask planned) {
      this.job = job;
      this.planned = planned;
    }

    String worker() {
      return Objects.requireNonNull(worker);
    }

    int steps() {
      return planned.work() instanceof Work.Sample sample ? sample.sampling().steps() : 1;
    }

    boolean ready() {
      return planned.after().stream()
          .allMatch(before -> job.tasks.get(before).state == TaskState.SUCCEEDED);
    }

    TaskState shown() {
      return remadeIn == null ? state : TaskState.SUCCEEDED;
    }

    Lease lease(JobView view) {
      return new Lease(tasks(view).get(planned.ordinal()).id(), attempt);
    }
  }

  private static final class JobEntry {
    final JobId id;
    final List<Entry> tasks = new ArrayList<>();
    long events = 1;
    boolean started;
    @Nullable JobState ending;
    @Nullable Fault fault;

    JobEntry(JobId id) {
      this.id = id;
    }
  }

  private final Map<JobId, JobEntry> jobs = new LinkedHashMap<>();

  /** The task of every lease that was ever granted. */
  private final Map<Lease, Entry> leases = new LinkedHashMap<>();

  /** The workers that asked for work and have not been lost since. */
  private final Set<String> workers = new HashSet<>();

  private final Map<String, Integer> strikes = new HashMap<>();
  private final Set<String> drained = new HashSet<>();

  void submitted(JobId id, Plan plan) {
    JobEntry job = new JobEntry(id);
    for (Plan.PlannedTask planned : plan.tasks()) {
      Entry task = new Entry(job, planned);
      if (planned.after().isEmpty()) {
        task.state = TaskState.READY;
      }
      job.tasks.add(task);
    }
    jobs.put(id, job);
  }

  /** Checks a claim's result against the prediction, and records its leases. */
  void claimed(WorkerCard card, int most, List<Task> claimed) {
    String worker = card.id().value();
    workers.add(worker);
    Set<String> able = new HashSet<>(workers);
    able.removeAll(drained);
    boolean busy = running().anyMatch(task -> task.device.equals(card.device()));
    boolean hands =
        !drained.contains(worker)
            && running().noneMatch(task -> task.alone && task.device.equals(card.device()));
    List<Entry> next =
        jobs.values().stream()
            .flatMap(job -> job.tasks.stream())
            .filter(task -> hands && task.state == TaskState.READY)
            // No time passes in the model, so a task never stops waiting for a better worker.
            .filter(task -> !worker.equals(task.failedOn) || able.equals(Set.of(worker)))
            .filter(
                task ->
                    task.checkpoint == null
                        || task.checkpoint.numericClass().equals(card.numericClass()))
            .filter(task -> task.remadeIn == null || task.remadeIn.equals(card.numericClass()))
            .limit(most)
            .toList();
    List<Entry> expected =
        next.stream().filter(task -> !task.alone || (!busy && next.size() == 1)).toList();
    assertThat(claimed).extracting(Task::job).containsExactlyElementsOf(jobIds(expected));
    for (int i = 0; i < expected.size(); i++) {
      Entry task = expected.get(i);
      List<Checkpoint> checkpoints =
          Stream.of(task.checkpoint, task.fallback)
              .flatMap(Stream::ofNullable)
              .filter(checkpoint -> checkpoint.numericClass().equals(card.numericClass()))
              .toList();
      task.state = TaskState.RUNNING;
      task.attempt++;
      task.worker = worker;
      task.numericClass = card.numericClass();
      task.device = card.device();
      task.step = checkpoints.isEmpty() ? 0 : checkpoints.getFirst().step();
      assertThat(claimed.get(i).work()).isEqualTo(task.planned.work());
      assertThat(claimed.get(i).lease().attempt()).isEqualTo(task.attempt);
      assertThat(claimed.get(i).checkpoints()).isEqualTo(checkpoints);
      assertThat(claimed.get(i).inputs()).hasSize(task.planned.after().size());
      task.inputs = claimed.get(i).artifacts();
      leases.put(claimed.get(i).lease(), task);
      if (!task.job.started) {
        task.job.started = true;
        task.job.events++;
      }
    }
  }

  void renewed(Lease lease, int step, boolean stillOurs) {
    Entry task = held(lease);
    assertThat(stillOurs).isEqualTo(task != null);
    if (task != null) {
      task.step = Math.min(step, task.steps());
    }
  }

  void checkpointed(Lease lease, Checkpoint checkpoint, boolean stillOurs) {
    Entry task = held(lease);
    assertThat(stillOurs).isEqualTo(task != null);
    if (task != null) {
      keep(task, checkpoint);
    }
  }

  void ended(Lease lease, Outcome outcome, Optional<Settlement> ending) {
    Entry task = held(lease);
    assertThat(ending.isPresent()).isEqualTo(task != null);
    if (task == null) {
      return;
    }
    switch (outcome) {
      case Outcome.Succeeded _ -> {
        if (task.remadeIn == null) {
          praise(task);
        }
        succeed(task);
      }
      case Outcome.Yielded(var checkpoint) -> {
        checkpoint.ifPresent(state -> keep(task, state));
        giveBack(task);
      }
      case Outcome.Blocked _ ->
          throw new IllegalArgumentException("these histories have no filter");
      case Outcome.Damaged(ArtifactId input) -> {
        Entry maker = maker(task, input);
        task.damages++;
        boolean wornOut = task.damages >= (Retries.TRIES + 1) * task.inputs.size();
        if (!wornOut && remake(maker)) {
          giveBack(task);
        } else {
          failed(task, Fault.STORAGE);
        }
      }
      case Outcome.Failed(Fault fault, _) -> {
        task.failedBy.add(task.worker());
        failed(task, fault);
      }
    }
    assertThat(ending.orElseThrow().seq()).isEqualTo(task.job.events);
  }

  /** Records that a task's file is lost. Returns whether it is being made again. */
  boolean remade(Lease lease) {
    Entry task = Objects.requireNonNull(leases.get(lease));
    JobState ending = task.job.ending;
    return (ending == null || ending == JobState.SUCCEEDED) && madeOnce(task) && remake(task);
  }

  private static boolean madeOnce(Entry task) {
    return task.madeIn != null;
  }

  private static boolean remake(Entry maker) {
    boolean givenUp = maker.failures >= Retries.TRIES || maker.losses >= Retries.LOSSES;
    if (maker.remadeIn == null && givenUp) {
      return false;
    }
    if (maker.remadeIn == null) {
      maker.state = TaskState.READY;
      maker.remadeIn = maker.madeIn;
      maker.failedOn = null;
      maker.forgiven = 0;
      for (Entry after : maker.job.tasks) {
        if (after.planned.after().contains(maker.planned.ordinal())
            && after.state == TaskState.READY) {
          after.state = TaskState.BLOCKED;
        }
      }
    }
    return true;
  }

  private static Entry maker(Entry reader, ArtifactId input) {
    return reader.job.tasks.get(reader.planned.after().get(reader.inputs.indexOf(input)));
  }

  private void failed(Entry task, Fault fault) {
    task.failures++;
    task.failedOn = task.worker;
    task.alone |= fault == Fault.OUT_OF_MEMORY;
    if (fault.retryable() && task.failures < Retries.TRIES) {
      giveBack(task);
    } else {
      fail(task, fault);
    }
  }

  void lost(WorkerId worker) {
    workers.remove(worker.value());
    strikes.remove(worker.value());
    drained.remove(worker.value());
    running().filter(task -> worker.value().equals(task.worker)).forEach(LedgerModel::lose);
  }

  void expired(List<Lease> late) {
    late.stream().map(leases::get).forEach(LedgerModel::lose);
  }

  void cancelled(JobId id) {
    end(Objects.requireNonNull(jobs.get(id)), JobState.CANCELLED, null);
  }

  /** Returns the leases that are held now, in the order of their tasks. */
  List<Lease> held() {
    return leases.keySet().stream().filter(lease -> held(lease) != null).toList();
  }

  List<Lease> everHeld() {
    return List.copyOf(leases.keySet());
  }

  /** Returns the inputs of the last attempt at a task. */
  List<ArtifactId> inputs(Lease lease) {
    return Objects.requireNonNull(leases.get(lease)).inputs;
  }

  JobId job(Lease lease) {
    return Objects.requireNonNull(leases.get(lease)).job.id;
  }

  int steps(Lease lease) {
    return Objects.requireNonNull(leases.get(lease)).steps();
  }

  /** Returns the numeric class of the worker that claimed a task last. */
  String numericClass(Lease lease) {
    return Objects.requireNonNull(leases.get(lease)).numericClass;
  }

  List<JobId> jobs() {
    return List.copyOf(jobs.keySet());
  }

  Set<WorkerId> drained() {
    return drained.stream().map(WorkerId::new).collect(Collectors.toSet());
  }

  boolean allEnded() {
    return jobs.values().stream().allMatch(job -> job.ending != null);
  }

  void agreesWith(JobView view) {
    JobEntry job = Objects.requireNonNull(jobs.get(view.id()));
    JobState open = job.started ? JobState.RUNNING : JobState.QUEUED;
    assertThat(view.state()).isEqualTo(job.ending == null ? open : job.ending);
    assertThat(view.fault()).isEqualTo(job.fault);
    assertThat(view.lastSeq()).isEqualTo(job.events);
    List<TaskView> tasks = tasks(view);
    assertThat(tasks).extracting(TaskView::state).containsExactlyElementsOf(states(job));
    for (Entry task : job.tasks) {
      TaskView seen = tasks.get(task.planned.ordinal());
      assertThat(seen.attempts()).hasSize(task.attempt);
      if (task.state == TaskState.RUNNING) {
        assertThat(seen.step()).isEqualTo(task.step);
        assertThat(held(task.lease(view))).isSameAs(task);
      }
    }
  }

  private @Nullable Entry held(Lease lease) {
    Entry task = leases.get(lease);
    boolean held =
        task != null && task.state == TaskState.RUNNING && task.attempt == lease.attempt();
    return held ? task : null;
  }

  private void praise(Entry task) {
    for (String worker : task.failedBy) {
      if (!worker.equals(task.worker()) && workers.contains(worker)) {
        if (strikes.merge(worker, 1, Integer::sum) >= Workers.STRIKES) {
          drained.add(worker);
        }
      }
    }
    if (!drained.contains(task.worker())) {
      strikes.remove(task.worker());
    }
  }

  private static void succeed(Entry task) {
    boolean remade = task.remadeIn != null;
    settle(task);
    task.failures = 0;
    task.losses = 0;
    if (remade) {
      return;
    }
    task.madeIn = task.numericClass;
    if (task.planned.work() instanceof Work.Assemble) {
      task.job.events++;
    }
    if (task.job.tasks.stream()
        .allMatch(each -> each.state == TaskState.SUCCEEDED || each.remadeIn != null)) {
      end(task.job, JobState.SUCCEEDED, null);
    }
  }

  /** Marks a task as succeeded and makes the tasks ready that waited for it alone. */
  private static void settle(Entry task) {
    task.state = TaskState.SUCCEEDED;
    task.remadeIn = null;
    task.checkpoint = null;
    task.fallback = null;
    for (Entry after : task.job.tasks) {
      if (after.state == TaskState.BLOCKED && after.ready()) {
        after.state = TaskState.READY;
      }
    }
  }

  private static void keep(Entry task, Checkpoint checkpoint) {
    int step = checkpoint.step();
    int before = task.checkpoint == null ? 0 : task.checkpoint.step();
    if (step <= before && task.checkpointAttempt == task.attempt) {
      return;
    }
    if (step > before && task.checkpoint != null) {
      task.fallback = task.checkpoint;
    }
    task.checkpoint = checkpoint;
    task.checkpointAttempt = task.attempt;
    if (step > task.forgiven) {
      task.losses = 0;
      task.forgiven = step;
    }
    task.step = Math.max(task.step, step);
  }

  private static void lose(Entry task) {
    if (task.state != TaskState.RUNNING) {
      return;
    }
    task.losses++;
    task.failedOn = task.worker;
    if (task.losses < Retries.LOSSES) {
      giveBack(task);
    } else {
      fail(task, Fault.POISON);
    }
  }

  private static void giveBack(Entry task) {
    task.state = task.ready() ? TaskState.READY : TaskState.BLOCKED;
  }

  private static void fail(Entry task, Fault fault) {
    if (task.remadeIn != null) {
      settle(task);
      return;
    }
    task.state = TaskState.FAILED;
    end(task.job, JobState.FAILED, fault);
  }

  private static void end(JobEntry job, JobState ending, @Nullable Fault fault) {
    if (job.ending != null) {
      return;
    }
    job.ending = ending;
    job.fault = fault;
    job.events++;
    for (Entry task : job.tasks) {
      if (task.remadeIn != null) {
        task.state = ending == JobState.SUCCEEDED ? task.state : TaskState.SUCCEEDED;
        task.remadeIn = ending == JobState.SUCCEEDED ? task.remadeIn : null;
      } else if (task.state != TaskState.SUCCEEDED && task.state != TaskState.FAILED) {
        task.state = TaskState.CANCELLED;
      }
    }
  }

  private Stream<Entry> running() {
    return jobs.values().stream()
        .flatMap(job -> job.tasks.stream())
        .filter(task -> task.state == TaskState.RUNNING);
  }

  private static List<JobId> jobIds(List<Entry> tasks) {
    return tasks.stream().map(task -> task.job.id).toList();
  }

  private static List<TaskState> states(JobEntry job) {
    return job.tasks.stream().map(Entry::shown).toList();
  }

  private static List<TaskView> tasks(JobView view) {
    return view.levels().stream().flatMap(level -> level.tasks().stream()).toList();
  }
}
