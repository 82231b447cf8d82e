package glimt.deploy.chaos;

import static glimt.deploy.chaos.Victim.WORKERS;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.deploy.fleet.Fleet;
import glimt.worker.CrashPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Faults of workers. */
final class WorkerFaults {
  private static final List<Path> FAKE_TIME =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
          Path.of("/usr/lib/faketime/libfaketime.so.1"),
          Path.of("/usr/local/lib/faketime/libfaketime.so.1"));

  static final List<FarmFault> ALL =
      List.of(
          FarmFault.of(
              "worker-killed", "kill -9 of a worker during a step", WorkerFaults::workerKilled),
          crash(CrashPoint.MID_STEP, "a worker dies during a step"),
          crash(
              CrashPoint.AFTER_CHECKPOINT_FILE,
              "a worker dies after a checkpoint, before it reports it"),
          crash(
              CrashPoint.AFTER_ARTIFACT,
              "a worker dies after writing an artifact, before it reports it"),
          crash(
              CrashPoint.BEFORE_REPORT, "a worker dies after its task, before it reports the end"),
          FarmFault.rare(
              Tampered.WORKER_KILLED_LATE.bundle(),
              "kill -9 of a worker at 90 % of a task of a minute",
              2,
              LateKill::happen),
          FarmFault.of(
              "worker-of-another-class",
              "kill -9 of a worker, among workers of two numeric classes",
              TwoClasses::happen),
          FarmFault.of(
              "worker-drained", "SIGTERM to a worker during a step", WorkerFaults::workerDrained),
          FarmFault.of(
              "worker-node-drained", "SIGTERM to a node of workers", WorkerFaults::nodeDrained),
          FarmFault.of(
              "worker-frozen",
              "SIGSTOP for longer than a lease, then SIGCONT",
              WorkerFaults::frozen),
          poison(Tampered.POISON_THROWS, "a network that fails"),
          poison(Tampered.POISON_CRASHES, "a network that crashes its process"),
          poison(Tampered.POISON_HANGS, "a network that never returns"),
          clock("clock-ahead", "+1h", "a worker whose clock is an hour ahead"),
          clock("clock-behind", "-1h", "a worker whose clock is an hour behind"));

  private WorkerFaults() {}

  private static void workerKilled(Trial trial) {
    trial.kill(trial.inMidStep().process());
  }

  private static FarmFault crash(CrashPoint point, String what) {
    return FarmFault.of(
        "crash-" + point.fileName(),
        what,
        trial -> {
          boolean inStep = point == CrashPoint.MID_STEP;
          int step = 1 + trial.random.nextInt(30);
          Path armed = trial.farm.arm(point.fileName() + (inStep ? "-" + step : ""));
          try {
            SubmittedJob asked =
                point == CrashPoint.AFTER_CHECKPOINT_FILE
                    ? trial.askForMany()
                    : trial.askForBoth().get(trial.random.nextInt(2));
            trial.await("a worker at " + armed.getFileName(), asked, () -> Files.notExists(armed));
            trial.killed();
            trial.say("a worker died at " + armed.getFileName());
          } finally {
            remove(armed);
          }
        });
  }

  private static void workerDrained(Trial trial) {
    Busy busy = trial.inMidStep();
    Fleet.signal(busy.process(), Fleet.UnixSignal.TERM);
    Fleet.awaitEnd(busy.process());
    trial.say("sent SIGTERM to process %s".formatted(busy.process().pid()));
  }

  private static void nodeDrained(Trial trial) {
    trial.inMidStep();
    String name = WORKERS.get(trial.random.nextInt(WORKERS.size()));
    ProcessHandle node = trial.farm.node(name).orElseThrow();
    Fleet.signal(node, Fleet.UnixSignal.TERM);
    Fleet.awaitEnd(node);
    trial.say("sent SIGTERM to %s".formatted(name));
  }

  private static void frozen(Trial trial) {
    Busy busy = trial.inMidStep();
    Fleet.signal(busy.process(), Fleet.UnixSignal.STOP);
    try {
      Witness.pause(Trial.LEASE.plusSeconds(2 + trial.random.nextInt(3)));
    } finally {
      Fleet.signal(busy.process(), Fleet.UnixSignal.CONT);
    }
    trial.say("froze process %s for longer than a lease".formatted(busy.process().pid()));
  }

  private static FarmFault clock(String name, String offset, String what) {
    return FarmFault.possible(
        name,
        what,
        () ->
            fakeTime().isPresent() ? Optional.empty() : Optional.of("libfaketime is not installed"),
        trial -> {
          String worker = WORKERS.get(trial.random.nextInt(WORKERS.size()));
          trial.farm.kill(worker);
          trial.farm.start(
              worker,
              Map.of(
                  "LD_PRELOAD",
                  fakeTime().orElseThrow().toString(),
                  "FAKETIME",
                  offset,
                  "FAKETIME_DONT_FAKE_MONOTONIC",
                  "1",
                  // This workaround for old C libraries would make timed waits of the JVM spin.
                  "FAKETIME_FORCE_MONOTONIC_FIX",
                  "0"));
          trial.awaitWhole();
          List<SubmittedJob> jobs = trial.askForBoth();
          jobs.forEach(asked -> trial.client.ending(asked, Duration.ofMinutes(2)));
          trial.say("%s worked with its clock at %s".formatted(worker, offset));
          trial.farm.kill(worker);
        });
  }

  private static Optional<Path> fakeTime() {
    return FAKE_TIME.stream().filter(Files::exists).findFirst();
  }

  private static FarmFault poison(Tampered poison, String what) {
    return FarmFault.of(
        poison.bundle(),
        what,
        trial -> {
          SubmittedJob bad = trial.client.submit(Request.of(poison, trial.random));
          trial.note(bad, "failed");
          trial.askForBoth();
          trial.client.ending(bad, Duration.ofMinutes(4));
          JsonNode job = trial.client.find(bad).orElseThrow();
          String end =
              "%s after %s attempts: %s"
                  .formatted(
                      job.path("fault").asText(),
                      job.findValues("number").size(),
                      job.path("why").asText());
          if (trial.farm.audit().attempts(bad.job()).stream()
              .noneMatch(attempt -> attempt.outcome().equals("succeeded"))) {
            throw new FarmFault.NotInjected("not even its prompt was encoded: " + end);
          }
          trial.say(end);
        });
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new FarmFault.NotInjected("%s cannot be removed".formatted(file));
    }
  }
}
