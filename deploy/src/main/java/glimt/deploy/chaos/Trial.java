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
 * One fault and the jobs that it happens to, at a moment that the seed chooses. The farm is whole
 * when it begins.
 */
final class Trial {
  static final Duration LEASE = Duration.ofSeconds(10);

  /** How long a job may take to come where the fault is to hit it. */
  private static final Duration COMES_WITHIN = Duration.ofMinutes(6);

  private static final int AGAIN = 3;
  private static final String SUCCEEDED = "succeeded";

  final Victim farm;
  final Witness client;
  final RandomGenerator random;
  private final Undisturbed undisturbed;
  private final Map<SubmittedJob, String> expected = new ConcurrentHashMap<>();
  private final Set<SubmittedJob> mixed = ConcurrentHashMap.newKeySet();
  private final List<String> story = new ArrayList<>();
  private final List<String> breaches = new ArrayList<>();
  private boolean killed;
  private int identical;
  private int compared;

  /**
   * A worker in the middle of a task.
   *
   * @param steps that are done
   */
  record Busy(ProcessHandle process, Lease lease, int steps) {}

  Trial(Victim farm, Witness client, Undisturbed undisturbed, RandomGenerator random) {
    this.farm = farm;
    this.client = client;
    this.undisturbed = undisturbed;
    this.random = random;
  }

  // ---- the jobs

  /** A small job of each kind. */
  List<SubmittedJob> askForBoth() {
    return List.of(ask(undisturbed.few("video", random)), ask(undisturbed.few("points", random)));
  }

  /** A job of many steps, for which checkpoints are made. */
  SubmittedJob askForMany() {
    return ask(undisturbed.many(random.nextBoolean() ? "video" : "points"));
  }

  /**
   * A job whose tasks may be made in more than one class, and so in other bytes than undisturbed.
   */
  SubmittedJob askOfAnyClass(Request request) {
    SubmittedJob asked = ask(request);
    mixed.add(asked);
    return asked;
  }

  boolean mixed(SubmittedJob asked) {
    return mixed.contains(asked);
  }

  SubmittedJob ask(Request request) {
    return note(client.submit(request), SUCCEEDED);
  }

  /** Remembers how a job has to end. */
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
   * Asks for both kinds, and waits until a worker has done some steps of one of them. What is over
   * before anybody looked is asked for again.
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

  /** Waits for something that the fault needs, as long as there is a job that could bring it. */
  void await(String what, SubmittedJob asked, java.util.function.Supplier<Boolean> isSo) {
    boolean came = Victim.within(COMES_WITHIN, () -> isSo.get() || ended(asked));
    if (!came || !isSo.get()) {
      throw new FarmFault.NotInjected("it did not come to be: " + what);
    }
  }

  /** A moment of at most so many milliseconds. */
  void pause(int most) {
    Witness.pause(Duration.ofMillis(random.nextInt(most)));
  }

  void kill(ProcessHandle process) {
    killed = true;
    say("killed process %s".formatted(process.pid()));
    Fleet.signal(process, Fleet.UnixSignal.KILL);
    Fleet.awaitEnd(process);
  }

  /** A worker died at once, and of what it did nothing else was harmed. */
  void killed() {
    killed = true;
  }

  /** What was lost by that, and by nothing else. */
  List<Audit.Loss> losses() {
    return killed
        ? expected.keySet().stream()
            .flatMap(asked -> farm.audit().losses(asked.job()).stream())
            .toList()
        : List.of();
  }

  /** Brings back what is gone, and waits until the client sees every worker. */
  void awaitWhole() {
    farm.awaitWhole();
    Victim.eventually(
        "every worker is seen", () -> client.workers().size() >= Victim.WORKERS.size());
  }

  // ---- what it finds out by itself

  void broke(String breach) {
    breaches.add(breach);
  }

  List<String> breaches() {
    return breaches;
  }

  /** Compares what was made with what has to be. */
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

  // ---- what is told of it

  void say(String what) {
    story.add(what);
  }

  String story() {
    return String.join(", ", story);
  }
}
