package glimt.deploy.chaos;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import java.util.List;

/** Faults while a job is changed. */
final class ScheduleFaults {
  static final List<FarmFault> ALL =
      List.of(
          FarmFault.of(
              "changed-in-a-crash",
              "kill -9 of a worker while its job is paused and gets another class",
              ScheduleFaults::changedInACrash));

  private ScheduleFaults() {}

  private static void changedInACrash(Trial trial) {
    SubmittedJob asked = trial.askForMany();
    Busy busy = trial.awaitStep(List.of(asked), 1 + trial.random.nextInt(100));
    Thread change =
        Thread.startVirtualThread(
            () -> {
              trial.client.change(asked, "paused", BooleanNode.TRUE);
              trial.client.change(asked, "class", TextNode.valueOf("urgent"));
            });
    trial.pause(300);
    trial.kill(busy.process());
    try {
      change.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FarmFault.NotInjected("interrupted");
    }
    trial
        .client
        .find(asked)
        .filter(job -> job.path("paused").isNull() || !job.path("class").asText().equals("urgent"))
        .ifPresent(job -> trial.broke("a change of %s was answered and is gone".formatted(asked)));
    trial.client.change(asked, "paused", BooleanNode.FALSE);
  }
}
