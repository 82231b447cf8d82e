package glimt.deploy.chaos;

import static glimt.deploy.chaos.Victim.COORDINATORS;
import static glimt.deploy.chaos.Victim.GATEWAY;
import static glimt.deploy.chaos.Victim.WORKERS;

import glimt.deploy.Fleet;
import glimt.deploy.chaos.Fault.NotInjected;
import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.Asked;
import glimt.job.ArtifactId;
import glimt.storage.Audit;
import glimt.worker.CrashPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Every fault there is. */
final class Faults {
  private static final List<Path> FAKE_TIME =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
          Path.of("/usr/lib/faketime/libfaketime.so.1"),
          Path.of("/usr/local/lib/faketime/libfaketime.so.1"));

  /** How many jobs are being submitted when the gateway dies, or PostgreSQL has no room. */
  private static final int SUBMISSIONS = 8;

  private static final Duration NO_ROOM = Duration.ofSeconds(20);

  static final List<Fault> ALL =
      List.of(
          fault("worker-killed", "kill -9 of a worker in mid-step", Faults::workerKilled),
          crash(CrashPoint.MID_STEP, "a worker dies within a step"),
          crash(CrashPoint.AFTER_CHECKPOINT_FILE, "a worker dies between checkpoint and word"),
          crash(CrashPoint.AFTER_ARTIFACT, "a worker dies between artifact and report"),
          crash(CrashPoint.BEFORE_REPORT, "a worker dies when its task is done"),
          fault("worker-drained", "SIGTERM to a worker in mid-step", Faults::workerDrained),
          fault("worker-node-drained", "SIGTERM to a node of workers", Faults::nodeDrained),
          fault("worker-frozen", "SIGSTOP for longer than a lease, then SIGCONT", Faults::frozen),
          fault("coordinator-killed", "kill -9 of one coordinator", Faults::coordinatorKilled),
          fault("coordinators-killed", "kill -9 of all coordinators", Faults::coordinatorsKilled),
          fault("gateway-killed", "kill -9 of the gateway in mid-submit", Faults::gatewayKilled),
          fault(
              "postgres-restarted",
              "PostgreSQL stopped fast",
              trial -> away(trial, Fleet.Signal.INT)),
          fault(
              "postgres-crashed",
              "PostgreSQL stopped immediately",
              trial -> away(trial, Fleet.Signal.QUIT)),
          fault(
              "postgres-killed", "kill -9 of PostgreSQL", trial -> away(trial, Fleet.Signal.KILL)),
          onDisk("postgres-full", "PostgreSQL has no room left", Faults::databaseFull),
          onDisk("store-full", "the artifacts have no room left", Faults::storeFull),
          fault("words-repeated", "words of old leases, again and in disorder", Faults::echoes),
          poison(Poison.THROWS, "a network that fails"),
          poison(Poison.CRASHES, "a network that ends its process"),
          poison(Poison.HANGS, "a network that does not come back"),
          fault(
              "checkpoint-corrupt",
              "a bit of a checkpoint flips",
              t -> checkpoint(t, Faults::flip)),
          fault(
              "checkpoint-truncated",
              "half a checkpoint is gone",
              t -> checkpoint(t, Faults::half)),
          fault("artifact-corrupt", "a bit of an input flips", t -> artifact(t, Faults::flip)),
          fault("artifact-truncated", "half an input is gone", t -> artifact(t, Faults::half)),
          clock("clock-ahead", "+1h", "a worker an hour ahead"),
          clock("clock-behind", "-1h", "a worker an hour behind"),
          partition("partition-coordinator", "a coordinator and all others", COORDINATORS, true),
          partition("partition-gateway", "the gateway and all others", List.of(GATEWAY), true),
          partition("partition-worker", "a worker and all others", WORKERS, true),
          partition("partition-one-way", "a worker's words to all others", WORKERS, false),
          fault("farm-restarted", "kill -9 of everything, PostgreSQL too", Faults::farmRestarted));

  private Faults() {}

  // ---- workers

  private static void workerKilled(Trial trial) {
    trial.kill(trial.inMidStep().process());
  }

  private static Fault crash(CrashPoint point, String what) {
    return fault(
        "crash-" + point.fileName(),
        what,
        trial -> {
          boolean inStep = point == CrashPoint.MID_STEP;
          int step = 1 + trial.random.nextInt(30);
          Path armed = trial.farm.arm(point.fileName() + (inStep ? "-" + step : ""));
          try {
            Asked asked =
                point == CrashPoint.AFTER_CHECKPOINT_FILE
                    ? trial.askForMany()
                    : trial.askForBoth().get(trial.random.nextInt(2));
            trial.await("a worker at " + armed.getFileName(), asked, () -> Files.notExists(armed));
            trial.say("a worker died at " + armed.getFileName());
          } finally {
            remove(armed);
          }
        });
  }

  private static void workerDrained(Trial trial) {
    Busy busy = trial.inMidStep();
    Fleet.signal(busy.process(), Fleet.Signal.TERM);
    Fleet.awaitEnd(busy.process());
    trial.say("told process %d to leave".formatted(busy.process().pid()));
  }

  private static void nodeDrained(Trial trial) {
    trial.inMidStep();
    String name = WORKERS.get(trial.random.nextInt(WORKERS.size()));
    ProcessHandle node = trial.farm.node(name).orElseThrow();
    Fleet.signal(node, Fleet.Signal.TERM);
    Fleet.awaitEnd(node);
    trial.say("told %s to leave".formatted(name));
  }

  private static void frozen(Trial trial) {
    Busy busy = trial.inMidStep();
    Fleet.signal(busy.process(), Fleet.Signal.STOP);
    try {
      Witness.pause(Trial.LEASE.plusSeconds(3 + trial.random.nextInt(4)));
    } finally {
      Fleet.signal(busy.process(), Fleet.Signal.CONT);
    }
    trial.say("froze process %d for longer than a lease".formatted(busy.process().pid()));
  }

  private static Fault clock(String name, String offset, String what) {
    return new Fault(
        name,
        what,
        () -> fakeTime().isPresent() ? Optional.empty() : Optional.of("libfaketime is not there"),
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
                  "1"));
          trial.farm.awaitReady(worker);
          List<Asked> jobs = new ArrayList<>(trial.askForBoth());
          jobs.addAll(trial.askForBoth());
          jobs.forEach(asked -> trial.client.ending(asked, Duration.ofMinutes(2)));
          trial.say("%s worked %s".formatted(worker, offset));
          trial.farm.kill(worker);
        });
  }

  private static Optional<Path> fakeTime() {
    return FAKE_TIME.stream().filter(Files::exists).findFirst();
  }

  // ---- coordinators and the gateway

  private static void coordinatorKilled(Trial trial) {
    trial.inMidStep();
    String name = COORDINATORS.get(trial.random.nextInt(COORDINATORS.size()));
    trial.farm.kill(name);
    trial.say("killed " + name);
  }

  private static void coordinatorsKilled(Trial trial) {
    trial.inMidStep();
    COORDINATORS.forEach(trial.farm::kill);
    trial.say("killed every coordinator");
    trial.pause(5000);
  }

  private static void gatewayKilled(Trial trial) {
    List<Thread> submissions = new ArrayList<>();
    for (int i = 0; i < SUBMISSIONS; i++) {
      Request request = trial.undisturbed().few("points", trial.random);
      String key = UUID.randomUUID().toString();
      submissions.add(
          Thread.ofVirtual()
              .start(() -> trial.note(trial.client.submit(request, key), "succeeded")));
    }
    trial.pause(60);
    trial.farm.kill(GATEWAY);
    trial.farm.start(GATEWAY);
    trial.say("killed the gateway with %d submissions on their way".formatted(SUBMISSIONS));
    submissions.forEach(Faults::join);
  }

  /**
   * Nodes that do not hear each other for a while; all of them reach the database and the store.
   *
   * @param some one of these is cut off
   */
  private static Fault partition(String name, String what, List<String> some, boolean bothWays) {
    return new Fault(
        name,
        "partition between " + what,
        () ->
            Namespace.isHere() || Namespace.isPossible()
                ? Optional.empty()
                : Optional.of("it takes root, unshare and ip to make a network of our own"),
        trial -> {
          trial.inMidStep();
          String one = some.get(trial.random.nextInt(some.size()));
          String here = trial.farm.host(one);
          List<String> others =
              trial.farm.names().stream()
                  .filter(other -> !other.equals(one))
                  .map(trial.farm::host)
                  .toList();
          int seconds = 5 + trial.random.nextInt(30);
          try {
            Namespace.cut(here, others);
            if (bothWays) {
              others.forEach(other -> Namespace.cut(other, List.of(here)));
            }
            Witness.pause(Duration.ofSeconds(seconds));
          } finally {
            Namespace.heal();
          }
          trial.say("cut off %s for %d s".formatted(one, seconds));
        });
  }

  // ---- PostgreSQL

  private static void away(Trial trial, Fleet.Signal signal) {
    trial.inMidStep();
    ProcessHandle postgres = trial.farm.postgres().orElseThrow();
    trial.farm.end(postgres, signal);
    trial.pause(12_000);
    trial.farm.startPostgres();
    trial.say("PostgreSQL was told SIG" + signal);
  }

  private static void databaseFull(Trial trial) {
    Tmpfs disk = trial.farm.databaseDisk().orElseThrow();
    trial.inMidStep();
    Request request = trial.undisturbed().few("points", trial.random);
    List<String> keys = new ArrayList<>();
    boolean refused = false;
    disk.fill();
    try {
      while (!refused && keys.size() < SUBMISSIONS) {
        String key = UUID.randomUUID().toString();
        keys.add(key);
        refused = !trial.client.accepts(request, key);
      }
    } finally {
      disk.free();
    }
    trial.farm.startPostgres();
    keys.forEach(key -> trial.note(trial.client.submit(request, key), "succeeded"));
    if (!refused) {
      throw new NotInjected("PostgreSQL found room for %d jobs".formatted(keys.size()));
    }
    trial.say("no room for PostgreSQL; job %d was refused".formatted(keys.size()));
  }

  private static void storeFull(Trial trial) {
    Tmpfs disk = trial.farm.storeDisk().orElseThrow();
    trial.inMidStep();
    boolean failed;
    disk.fill();
    try {
      failed =
          Victim.within(
              NO_ROOM,
              () -> trial.expected().keySet().stream().anyMatch(one -> failed(trial, one)));
    } finally {
      disk.free();
    }
    if (!failed) {
      throw new NotInjected("nothing was written while there was no room");
    }
    trial.say("no room for artifacts");
  }

  private static boolean failed(Trial trial, Asked asked) {
    return trial
        .client
        .find(asked)
        .map(document -> document.findValuesAsText("outcome").contains("failed"))
        .orElse(false);
  }

  // ---- words

  private static void echoes(Trial trial) {
    try (Echo echo = Echo.join(trial.farm)) {
      Busy busy = trial.inMidStep();
      trial.kill(busy.process());
      Victim.eventually(
          "the lease is taken back",
          () ->
              trial.expected().keySet().stream()
                  .flatMap(asked -> trial.farm.audit().attempts(asked.job()).stream())
                  .anyMatch(had -> had.lease().equals(busy.lease()) && !had.outcome().isEmpty()));
      int said = echo.sayOf(busy.lease(), trial.random);
      for (Asked asked : trial.expected().keySet()) {
        trial.client.ending(asked, Duration.ofMinutes(3));
        for (Audit.Begun had : trial.farm.audit().attempts(asked.job())) {
          said += echo.sayOf(had.lease(), trial.random);
        }
      }
      // Heard by now, or soon: the next trial's audit sees what came later.
      Witness.pause(Duration.ofSeconds(2));
      trial.say("said %d old words".formatted(said));
    }
  }

  // ---- poison

  private static Fault poison(Poison poison, String what) {
    return fault(
        poison.bundle(),
        what,
        trial -> {
          Asked bad = trial.client.submit(Request.of(poison, trial.random));
          trial.note(bad, "failed");
          trial.askForBoth();
          trial.client.ending(bad, Duration.ofMinutes(4));
          trial
              .client
              .find(bad)
              .ifPresent(
                  document ->
                      trial.say(
                          "%s after %d attempts: %s"
                              .formatted(
                                  document.path("fault").asText(),
                                  document.findValues("number").size(),
                                  document.path("why").asText())));
        });
  }

  // ---- files

  private static void checkpoint(Trial trial, UnaryOperator<byte[]> harm) {
    Asked asked = trial.askForMany();
    Busy busy = trial.awaitStep(List.of(asked), 1);
    trial.await(
        "a checkpoint", asked, () -> !trial.farm.audit().checkpoints(asked.job()).isEmpty());
    Fleet.signal(busy.process(), Fleet.Signal.STOP);
    List<ArtifactId> checkpoints = trial.farm.audit().checkpoints(asked.job());
    checkpoints.forEach(one -> harm(trial.farm.artifacts().path(one), harm));
    trial.kill(busy.process());
    if (checkpoints.isEmpty()) {
      throw new NotInjected("the task ended before its checkpoint was harmed");
    }
    trial.say("harmed %d checkpoints".formatted(checkpoints.size()));
  }

  private static void artifact(Trial trial, UnaryOperator<byte[]> harm) {
    Asked asked = trial.ask(trial.undisturbed().few("video", trial.random));
    // What the task of the lowest number made is read by the next, which has not ended.
    trial.await("an input", asked, () -> !trial.farm.audit().made(asked.job()).isEmpty());
    List<String> made = trial.farm.audit().made(asked.job());
    String line = made.getLast();
    ArtifactId input = new ArtifactId(line.substring(line.indexOf(' ') + 1));
    Path file = trial.farm.artifacts().path(input);
    byte[] whole = read(file);
    harm(file, harm);
    trial.client.ending(asked, Duration.ofMinutes(4));
    if (!trial.farm.artifacts().verify(input)) {
      // It was read before; nobody will need it again.
      write(file, whole);
      throw new NotInjected("nobody read the artifact of task %s".formatted(line));
    }
    trial.say("harmed what task %s made".formatted(line.substring(0, line.indexOf('/'))));
  }

  private static void harm(Path file, UnaryOperator<byte[]> harm) {
    write(file, harm.apply(read(file)));
  }

  private static byte[] flip(byte[] bytes) {
    bytes[bytes.length / 2] ^= 1;
    return bytes;
  }

  private static byte[] half(byte[] bytes) {
    return java.util.Arrays.copyOf(bytes, bytes.length / 2);
  }

  // ---- everything

  private static void farmRestarted(Trial trial) {
    trial.inMidStep();
    Optional<ProcessHandle> postgres = trial.farm.postgres();
    trial.farm.names().forEach(trial.farm::kill);
    postgres.ifPresent(process -> trial.farm.end(process, Fleet.Signal.KILL));
    trial.say("killed everything");
  }

  // ----

  private static Fault fault(String name, String what, Fault.Injection injection) {
    return new Fault(name, what, Optional::empty, injection);
  }

  private static Fault onDisk(String name, String what, Fault.Injection injection) {
    return new Fault(
        name,
        what,
        () ->
            Tmpfs.isPossible()
                ? Optional.empty()
                : Optional.of("a small disk cannot be mounted here; root can"),
        injection);
  }

  static Stream<Poison> poisons(List<Fault> chosen) {
    return Stream.of(Poison.values())
        .filter(poison -> chosen.stream().anyMatch(one -> one.name().equals(poison.bundle())));
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new NotInjected("%s cannot be read".formatted(file));
    }
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new NotInjected("%s cannot be written".formatted(file));
    }
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new NotInjected("%s cannot be removed".formatted(file));
    }
  }
}
