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

/** Connects commands to the farm that runs on a home. */
public final class RunningFarm {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private RunningFarm() {}

  /**
   * A client of the farm that runs on {@code home}.
   *
   * @throws DeployException if no farm runs there, or it does not answer
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
   * Waits until the farm that holds the lock of {@code home} answers, as it may be starting.
   *
   * @throws DeployException if it does not answer within a minute
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
        "a farm runs on %s but does not answer%s; see its log in %s"
            .formatted(
                home.folder(), home.address().map(at -> " at " + at).orElse(""), home.logs()));
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
