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

/** What happens to what is remembered: to PostgreSQL, and to files. */
final class MemoryFaults {
  /** How many jobs are submitted at most while PostgreSQL has no room. */
  private static final int SUBMISSIONS = 8;

  private static final Duration NO_ROOM = Duration.ofSeconds(20);

  static final List<FarmFault> ALL =
      List.of(
          FarmFault.of(
              "postgres-restarted",
              "PostgreSQL stopped fast",
              trial -> away(trial, Fleet.UnixSignal.INT)),
          FarmFault.of(
              "postgres-crashed",
              "PostgreSQL stopped immediately",
              trial -> away(trial, Fleet.UnixSignal.QUIT)),
          FarmFault.of(
              "postgres-killed",
              "kill -9 of PostgreSQL",
              trial -> away(trial, Fleet.UnixSignal.KILL)),
          onDisk("postgres-full", "PostgreSQL has no room left", MemoryFaults::databaseFull),
          onDisk("store-full", "the artifacts have no room left", MemoryFaults::storeFull),
          FarmFault.of(
              "checkpoint-corrupt",
              "a bit of a checkpoint flips",
              t -> checkpoint(t, MemoryFaults::flip)),
          FarmFault.of(
              "checkpoint-truncated",
              "half a checkpoint is gone",
              t -> checkpoint(t, MemoryFaults::half)),
          FarmFault.of(
              "artifact-corrupt", "a bit of an input flips", t -> artifact(t, MemoryFaults::flip)),
          FarmFault.of(
              "artifact-truncated", "half an input is gone", t -> artifact(t, MemoryFaults::half)));

  private MemoryFaults() {}

  // ---- PostgreSQL

  private static void away(Trial trial, Fleet.UnixSignal signal) {
    trial.inMidStep();
    ProcessHandle postgres = trial.farm.postgres().orElseThrow();
    trial.farm.end(postgres, signal);
    // Away for a moment, or for longer than a lease.
    Witness.pause(
        trial.random.nextInt(3) > 0
            ? Duration.ofMillis(trial.random.nextInt(2000))
            : Trial.LEASE.plusMillis(trial.random.nextInt(2000)));
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
      throw new NotInjected("PostgreSQL found room for %s jobs".formatted(keys.size()));
    }
    trial.say("no room for PostgreSQL; job %s was refused".formatted(keys.size()));
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
      throw new NotInjected("the task ended before its checkpoint was harmed");
    }
    trial.say("harmed %s checkpoints".formatted(checkpoints.size()));
  }

  private static void artifact(Trial trial, UnaryOperator<byte[]> harm) {
    for (int tries = 3; tries > 0; tries--) {
      SubmittedJob asked = trial.ask(trial.undisturbed().few("video", trial.random));
      // The newest sample is read by the next task, which has not ended.
      trial.await("an input", asked, () -> !samples(trial, asked).isEmpty());
      String line = samples(trial, asked).getLast();
      ArtifactId input = new ArtifactId(line.substring(line.indexOf(' ') + 1));
      Path file = trial.farm.artifacts().path(input);
      byte[] whole = read(file);
      harm(file, harm);
      trial.client.ending(asked, Duration.ofMinutes(4));
      if (trial.farm.artifacts().verify(input)) {
        trial.say("harmed what task %s made".formatted(line.substring(0, line.indexOf('/'))));
        return;
      }
      // It was read before; nobody will need it again.
      write(file, whole);
    }
    throw new NotInjected("whatever was harmed nobody read");
  }

  /** What a job's tasks made, but for the files that people open. */
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
            Tmpfs.isPossible()
                ? Optional.empty()
                : Optional.of("a small disk cannot be mounted here; root can"),
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
