package glimt.deploy.chaos;

import glimt.deploy.chaos.FarmFault.NotInjected;
import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.deploy.fleet.Fleet;
import glimt.job.ArtifactId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** Faults of storage: of PostgreSQL, and of files. */
final class MemoryFaults {
  /** The most jobs to submit while PostgreSQL has no space. */
  private static final int SUBMISSIONS = 8;

  private static final Duration NO_ROOM = Duration.ofSeconds(20);

  static final List<FarmFault> ALL =
      List.of(
          FarmFault.of(
              "postgres-restarted",
              "a fast shutdown of PostgreSQL",
              trial -> away(trial, Fleet.UnixSignal.INT)),
          FarmFault.of(
              "postgres-crashed",
              "an immediate shutdown of PostgreSQL",
              trial -> away(trial, Fleet.UnixSignal.QUIT)),
          FarmFault.of(
              "postgres-killed",
              "kill -9 of PostgreSQL",
              trial -> away(trial, Fleet.UnixSignal.KILL)),
          onDisk("postgres-full", "PostgreSQL has no disk space left", MemoryFaults::databaseFull),
          onDisk(
              "store-full",
              "the store of artifacts has no disk space left",
              MemoryFaults::storeFull),
          FarmFault.of(
              "checkpoint-corrupt",
              "a bit of a checkpoint is flipped",
              t -> checkpoint(t, MemoryFaults::flip)),
          FarmFault.of(
              "checkpoint-truncated",
              "half of a checkpoint is cut off",
              t -> checkpoint(t, MemoryFaults::half)),
          FarmFault.of(
              "artifact-corrupt",
              "a bit of a task's input is flipped",
              t -> artifact(t, MemoryFaults::flip)),
          FarmFault.of(
              "artifact-truncated",
              "half of a task's input is cut off",
              t -> artifact(t, MemoryFaults::half)));

  private MemoryFaults() {}

  // ---- PostgreSQL

  private static void away(Trial trial, Fleet.UnixSignal signal) {
    trial.inMidStep();
    ProcessHandle postgres = trial.farm.postgres().orElseThrow();
    trial.farm.end(postgres, signal);
    // Keep it down for a moment, or for longer than a lease.
    Witness.pause(
        trial.random.nextInt(3) > 0
            ? Duration.ofMillis(trial.random.nextInt(2000))
            : Trial.LEASE.plusMillis(trial.random.nextInt(2000)));
    trial.farm.startPostgres();
    trial.say("sent PostgreSQL SIG" + signal);
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
      throw new NotInjected("PostgreSQL still had space for %s jobs".formatted(keys.size()));
    }
    trial.say("PostgreSQL had no space; submission %s was refused".formatted(keys.size()));
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
      throw new NotInjected("no worker wrote a file while the store had no space");
    }
    trial.say("the store had no space");
  }

  private static boolean failed(Trial trial, SubmittedJob asked) {
    return trial
        .client
        .find(asked)
        .map(document -> document.findValuesAsText("outcome").contains("failed"))
        .orElse(false);
  }

  // ---- files

  private static void checkpoint(Trial trial, UnaryOperator<byte[]> harm) {
    SubmittedJob asked = trial.askForMany();
    Busy busy = trial.awaitStep(List.of(asked), 1);
    trial.await(
        "a checkpoint", asked, () -> !trial.farm.audit().checkpoints(asked.job()).isEmpty());
    Fleet.signal(busy.process(), Fleet.UnixSignal.STOP);
    List<ArtifactId> checkpoints = trial.farm.audit().checkpoints(asked.job());
    checkpoints.forEach(one -> harm(trial.farm.artifacts().path(one), harm));
    Fleet.signal(busy.process(), Fleet.UnixSignal.KILL);
    Fleet.awaitEnd(busy.process());
    if (checkpoints.isEmpty()) {
      throw new NotInjected("the task ended before its checkpoint was damaged");
    }
    trial.say("damaged %s checkpoints".formatted(checkpoints.size()));
  }

  private static void artifact(Trial trial, UnaryOperator<byte[]> harm) {
    for (int tries = 3; tries > 0; tries--) {
      SubmittedJob asked = trial.ask(trial.undisturbed().few("video", trial.random));
      // Damage the newest sample, because the next task may still have to read it.
      trial.await("an input", asked, () -> !samples(trial, asked).isEmpty());
      String line = samples(trial, asked).getLast();
      ArtifactId input = new ArtifactId(line.substring(line.indexOf(' ') + 1));
      Path file = trial.farm.artifacts().path(input);
      byte[] whole = read(file);
      harm(file, harm);
      trial.client.ending(asked, Duration.ofMinutes(4));
      if (trial.farm.artifacts().verify(input)) {
        trial.say(
            "damaged the artifact of task %s".formatted(line.substring(0, line.indexOf('/'))));
        return;
      }
      // The next task had read it already; undo the damage and try again.
      write(file, whole);
    }
    throw new NotInjected("no task read a damaged artifact");
  }

  /** The samples that a job's tasks have made, without media files. */
  private static List<String> samples(Trial trial, SubmittedJob asked) {
    return trial.farm.audit().made(asked.job()).stream()
        .filter(line -> line.contains("/0 "))
        .toList();
  }

  private static void harm(Path file, UnaryOperator<byte[]> harm) {
    write(file, harm.apply(read(file)));
  }

  private static byte[] flip(byte[] bytes) {
    bytes[bytes.length / 2] ^= 1;
    return bytes;
  }

  private static byte[] half(byte[] bytes) {
    return Arrays.copyOf(bytes, bytes.length / 2);
  }

  private static FarmFault onDisk(String name, String what, FarmFault.Injection injection) {
    return FarmFault.possible(
        name,
        what,
        () ->
            Tmpfs.isPossible() ? Optional.empty() : Optional.of("mounting a small disk needs root"),
        injection);
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
}
