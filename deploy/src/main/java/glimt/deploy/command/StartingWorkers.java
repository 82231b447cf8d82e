package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.OneLine;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Shows how many workers of a farm are ready, until all of them are. A farm accepts jobs before its
 * workers have loaded their engine, and a job then waits for them.
 */
final class StartingWorkers {
  private static final Duration POLL = Duration.ofSeconds(1);

  private StartingWorkers() {}

  /** Returns at once. The thread that shows it ends when the farm no longer answers. */
  static void show(Client farm, OneLine line) {
    Thread.ofVirtual().name("starting-workers").start(() -> follow(farm, line));
  }

  private static void follow(Client farm, OneLine line) {
    String shown = "";
    while (true) {
      try {
        JsonNode answer = farm.get("/v1/workers");
        int ready = answer.path("workers").size();
        int expected = answer.path("expected").asInt();
        if (ready >= expected) {
          line.done(text(ready, expected));
          return;
        }
        if (!shown.equals(text(ready, expected))) {
          shown = text(ready, expected);
          line.now(shown);
        }
      } catch (Client.Refused e) {
        if (e.ours()) { // it wants a key that we do not have
          line.end();
          return;
        }
        // The farm's coordinator or database does not answer now; it may again.
      } catch (IOException e) {
        line.end();
        return;
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /**
   * Describes the workers in a line.
   *
   * @param ready how many workers have started
   * @param expected how many the farm's nodes run
   */
  static String text(int ready, int expected) {
    if (ready < expected) {
      return "glimt: workers are starting (%s of %s ready)".formatted(ready, expected);
    }
    return switch (ready) {
      case 0 -> "glimt: this farm has no workers; jobs wait until a node with workers joins it";
      case 1 -> "glimt: the worker is ready";
      default -> "glimt: all %s workers are ready".formatted(ready);
    };
  }
}
