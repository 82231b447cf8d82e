package glimt.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.deploy.fleet.Fleet;
import glimt.job.Lease;
import glimt.job.TaskId;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * One fault that is injected while jobs run, at a moment that the seed chooses. All nodes of the
 * farm run when the trial begins.
 */
final class Trial {
  static final Duration LEASE = Duration.ofSeconds(10);

  /** How long a job may take to reach the point where the fault is injected. */
  private static final Duration COMES_WITHIN = Duration.ofMinutes(6);

  private static final int AGAIN = 3;
  private static final String SUCCEEDED = "succeeded";

  final Victim farm;
  final Witness client;
  final RandomGenerator random;
  private final Undisturbed undisturbed;
  private final Map<SubmittedJob, String> expected = new ConcurrentHashMap<>();
  private final Set<SubmittedJob> unlike = ConcurrentHashMap.newKeySet();
  private final List<String> story = new ArrayList<>();
  private final List<String> breaches = new ArrayList<>();
  private boolean killed;
  private int identical;
  private int compared;

  /**
   * A worker that is doing a task.
   *
   * @param steps the number of steps that it has done
   */
  record Busy(ProcessHandle process, Lease lease, int steps) {}

  Trial(Victim farm, Witness client, Undisturbed undisturbed, RandomGenerator random) {
    this.farm = farm;
    this.client = client;
    this.undisturbed = undisturbed;
    this.random = random;
  }

  // ---- the jobs

  /** Submits a small job of each kind. */
  List<SubmittedJob> askForBoth() {
    return List.of(ask(undisturbed.few("video", random)), ask(undisturbed.few("points", random)));
  }

  /** Submits a job with many steps, so that checkpoints are made. */
  SubmittedJob askForMany() {
    return ask(undisturbed.many(random.nextBoolean() ? "video" : "points"));
  }

  /**
   * Submits a job that may not make all that an undisturbed run makes, or not the same bytes; the
   * fault compares it itself.
   */
  SubmittedJob askUnlike(Request request) {
    SubmittedJob asked = ask(request);
    unlike.add(asked);
    return asked;
  }

  boolean isUnlike(SubmittedJob asked) {
    return unlike.contains(asked);
  }

  SubmittedJob ask(Request request) {
    return note(client.submit(request), SUCCEEDED);
  }

  /** Notes the state in which a job must end. */
  SubmittedJob note(SubmittedJob asked, String ending) {
    expected.put(asked, ending);
    return asked;
  }

  Map<SubmittedJob, String> expected() {
    return expected;
  }

  Undisturbed undisturbed() {
    return undisturbed;
  }

  // ---- the moment

  /**
   * Submits a job of each kind, and waits until a worker has done some steps of one. Submits again
   * if both end before a worker was seen.
   */
  Busy inMidStep() {
    for (int more = AGAIN; ; more--) {
      List<SubmittedJob> jobs = askForBoth();
      int wanted = 1 + random.nextInt(jobs.getFirst().request().steps() / 2);
      try {
        return awaitStep(jobs, wanted);
      } catch (FarmFault.NotInjected e) {
        if (more == 0) {
          throw e;
        }
      }
    }
  }

  Busy awaitStep(List<SubmittedJob> jobs, int wanted) {
    List<String> ids = jobs.stream().map(asked -> asked.job().toString()).toList();
    List<Busy> found = new ArrayList<>();
    boolean came =
        Victim.within(
            COMES_WITHIN,
            () -> {
              busy(ids).stream().filter(busy -> busy.steps() >= wanted).forEach(found::add);
              return !found.isEmpty() || jobs.stream().allMatch(this::ended);
            });
    if (!came || found.isEmpty()) {
      throw new FarmFault.NotInjected("no worker was seen after %s steps".formatted(wanted));
    }
    Busy busy = found.getFirst();
    say("%s was at step %s".formatted(busy.lease(), busy.steps()));
    return busy;
  }

  /** Waits until every worker walks for one of these jobs. */
  List<Busy> awaitAllBusy(List<SubmittedJob> jobs) {
    List<String> ids = jobs.stream().map(asked -> asked.job().toString()).toList();
    List<Busy> all = new ArrayList<>();
    boolean came =
        Victim.within(
            COMES_WITHIN,
            () -> {
              all.clear();
              busy(ids).stream().filter(busy -> busy.steps() > 0).forEach(all::add);
              return all.size() == Victim.WORKERS.size() || jobs.stream().allMatch(this::ended);
            });
    if (!came || all.size() < Victim.WORKERS.size()) {
      throw new FarmFault.NotInjected("not all workers were busy with " + ids);
    }
    all.forEach(busy -> say("%s was at step %s".formatted(busy.lease(), busy.steps())));
    return all;
  }

  private List<Busy> busy(List<String> jobs) {
    List<Busy> busy = new ArrayList<>();
    for (JsonNode worker : client.workers()) {
      JsonNode task = worker.path("task");
      Optional<ProcessHandle> process = ProcessHandle.of(worker.path("pid").asLong());
      if (jobs.contains(task.path("job").asText()) && process.isPresent()) {
        Lease lease = new Lease(new TaskId(task.path("id").asLong()), task.path("attempt").asInt());
        busy.add(new Busy(process.get(), lease, task.path("step").asInt()));
      }
    }
    return busy;
  }

  boolean ended(SubmittedJob asked) {
    return client
        .find(asked)
        .map(document -> document.path("state").asText())
        .filter(state -> List.of(SUCCEEDED, "failed", "cancelled").contains(state))
        .isPresent();
  }

  /**
   * Waits for a condition that the fault needs, until the job ends.
   *
   * @throws FarmFault.NotInjected if the condition is not met
   */
  void await(String what, SubmittedJob asked, java.util.function.Supplier<Boolean> isSo) {
    boolean came = Victim.within(COMES_WITHIN, () -> isSo.get() || ended(asked));
    if (!came || !isSo.get()) {
      throw new FarmFault.NotInjected("this did not happen in time: " + what);
    }
  }

  /** Pauses for a random time of at most {@code most} milliseconds. */
  void pause(int most) {
    Witness.pause(Duration.ofMillis(random.nextInt(most)));
  }

  void kill(ProcessHandle process) {
    killed = true;
    say("killed process %s".formatted(process.pid()));
    Fleet.signal(process, Fleet.UnixSignal.KILL);
    Fleet.awaitEnd(process);
  }

  /** Notes that a worker died abruptly, and that nothing else was damaged. */
  void killed() {
    killed = true;
  }

  /** The work that was lost through that. */
  List<Audit.Loss> losses() {
    return killed
        ? expected.keySet().stream()
            .flatMap(asked -> farm.audit().losses(asked.job()).stream())
            .toList()
        : List.of();
  }

  /** Restarts what does not run, and waits until the client sees all workers. */
  void awaitWhole() {
    farm.awaitWhole();
    Victim.eventually(
        "every worker is seen", () -> client.workers().size() >= Victim.WORKERS.size());
  }

  // ---- checks of its own

  void broke(String breach) {
    breaches.add(breach);
  }

  List<String> breaches() {
    return breaches;
  }

  /** Compares a digest with the expected one. */
  void compare(String what, String wanted, String made) {
    compared++;
    if (made.equals(wanted)) {
      identical++;
    } else {
      broke("%s is %s and not %s".formatted(what, made, wanted));
    }
  }

  int identical() {
    return identical;
  }

  int compared() {
    return compared;
  }

  // ---- its report

  void say(String what) {
    story.add(what);
  }

  String story() {
    return String.join(", ", story);
  }
}
