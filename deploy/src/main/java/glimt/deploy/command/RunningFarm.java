package glimt.deploy.command;

import glimt.deploy.fleet.Fleet;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Finds the farm that runs on a home. */
public final class RunningFarm {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private RunningFarm() {}

  /**
   * The farm on {@code home}, for commands that need one.
   *
   * @throws DeployException if none runs there
   */
  static Client on(Home home) {
    Optional<URI> gateway = Fleet.on(home).gateway();
    if (gateway.isPresent()) {
      return new Client(gateway.get());
    }
    Optional<Home.Lock> free = home.lock();
    if (free.isPresent()) {
      free.get().close();
      throw new DeployException(
          "no farm runs on %s; start one with: glimt up".formatted(home.folder()));
    }
    return await(home);
  }

  /**
   * The farm that holds the lock of {@code home}, once it answers.
   *
   * @throws DeployException if it does not within a minute
   */
  static Client await(Home home) {
    Instant deadline = Instant.now().plus(PATIENCE);
    do {
      Optional<Client> client = home.address().map(Client::new).filter(Client::answers);
      if (client.isPresent()) {
        return client.get();
      }
    } while (Instant.now().isBefore(deadline) && pause());
    throw new DeployException(
        "a farm holds the home %s but does not answer at %s; its log is in %s"
            .formatted(
                home.folder(), home.address().map(URI::toString).orElse("any port"), home.logs()));
  }

  private static boolean pause() {
    try {
      return !new CountDownLatch(1).await(200, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
