package glimt.deploy.chaos;

import static glimt.deploy.chaos.Victim.COORDINATORS;
import static glimt.deploy.chaos.Victim.GATEWAY;
import static glimt.deploy.chaos.Victim.WORKERS;

import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.deploy.fleet.Fleet;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** Faults of coordinators, gateways and the network. */
final class NodeFaults {
  /** How many jobs are being submitted when the gateway dies. */
  private static final int SUBMISSIONS = 8;

  /**
   * Durations of a partition: too short to be noticed, long enough that a node is considered
   * unreachable, as long as a lease, and long enough that one side is removed from the cluster.
   */
  private static final List<Duration> SILENCES =
      Stream.of(3, 8, 12, 23).map(Duration::ofSeconds).toList();

  static final List<FarmFault> ALL =
      List.of(
          FarmFault.of(
              "coordinator-killed", "kill -9 of one coordinator", NodeFaults::coordinatorKilled),
          FarmFault.of(
              "coordinators-killed", "kill -9 of all coordinators", NodeFaults::coordinatorsKilled),
          FarmFault.of(
              "gateway-killed",
              "kill -9 of the gateway during submissions",
              NodeFaults::gatewayKilled),
          FarmFault.of(
              "words-repeated",
              "messages about old leases, repeated and reordered",
              NodeFaults::echoes),
          partition("partition-coordinator", "a coordinator and all others", COORDINATORS, true),
          partition("partition-gateway", "the gateway and all others", List.of(GATEWAY), true),
          partition("partition-worker", "a worker and all others", WORKERS, true),
          partition("partition-one-way", "a worker and all others, one way only", WORKERS, false),
          FarmFault.of(
              "farm-restarted",
              "kill -9 of everything, PostgreSQL too",
              NodeFaults::farmRestarted));

  private NodeFaults() {}

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
    trial.say("killed the gateway during %s submissions".formatted(SUBMISSIONS));
    submissions.forEach(NodeFaults::join);
  }

  /**
   * A partition of the network between nodes; all of them still reach the database and the store.
   *
   * @param some the nodes of which one is cut off
   */
  private static FarmFault partition(
      String name, String what, List<String> some, boolean bothWays) {
    return FarmFault.possible(
        name,
        "partition between " + what,
        () ->
            Namespace.isHere() || Namespace.isPossible()
                ? Optional.empty()
                : Optional.of("a network namespace needs root, unshare and ip"),
        trial -> {
          trial.inMidStep();
          String one = some.get(trial.random.nextInt(some.size()));
          String here = trial.farm.host(one);
          List<String> others =
              trial.farm.names().stream()
                  .filter(other -> !other.equals(one))
                  .map(trial.farm::host)
                  .toList();
          Duration time = SILENCES.get(trial.random.nextInt(SILENCES.size()));
          try {
            Namespace.cut(here, others);
            if (bothWays) {
              others.forEach(other -> Namespace.cut(other, List.of(here)));
            }
            Witness.pause(time);
          } finally {
            Namespace.heal();
          }
          trial.say("cut off %s for %s s".formatted(one, time.toSeconds()));
        });
  }

  private static void echoes(Trial trial) {
    try (Echo echo = Echo.join(trial.farm)) {
      Busy busy = trial.inMidStep();
      trial.kill(busy.process());
      Victim.eventually(
          "the killed worker's lease is taken back",
          () ->
              trial.expected().keySet().stream()
                  .flatMap(asked -> trial.farm.audit().attempts(asked.job()).stream())
                  .anyMatch(had -> had.lease().equals(busy.lease()) && !had.outcome().isEmpty()));
      int said = echo.sayOf(busy.lease(), trial.random);
      for (SubmittedJob asked : trial.expected().keySet()) {
        trial.client.ending(asked, Duration.ofMinutes(3));
        for (Audit.Begun had : trial.farm.audit().attempts(asked.job())) {
          said += echo.sayOf(had.lease(), trial.random);
        }
      }
      // Most messages have arrived by now; the next trial's audit covers the rest.
      Witness.pause(Duration.ofSeconds(2));
      trial.say("sent %s old messages".formatted(said));
    }
  }

  private static void farmRestarted(Trial trial) {
    trial.inMidStep();
    Optional<ProcessHandle> postgres = trial.farm.postgres();
    trial.farm.names().forEach(trial.farm::kill);
    postgres.ifPresent(process -> trial.farm.end(process, Fleet.UnixSignal.KILL));
    trial.killed();
    trial.say("killed everything");
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
