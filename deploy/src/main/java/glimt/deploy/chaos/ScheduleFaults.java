package glimt.deploy.chaos;

import static glimt.deploy.chaos.Victim.WORKERS;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.deploy.fleet.Fleet;
import glimt.job.JobClass;
import glimt.job.Lease;
import glimt.ledger.Audit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Faults while a job is changed, makes room for another, or runs out of time. */
final class ScheduleFaults {
  static final List<FarmFault> ALL =
      List.of(
          FarmFault.of(
              "changed-in-a-crash",
              "kill -9 of a worker while its job is paused and gets another class",
              ScheduleFaults::changedInACrash),
          FarmFault.of(
              "preemptor-killed",
              "kill -9 of a worker with an urgent task, for which a lesser one made room",
              ScheduleFaults::preemptorKilled),
          FarmFault.of(
              "preempted-killed",
              "kill -9 of a worker that was told to make room for an urgent task",
              ScheduleFaults::preemptedKilled),
          FarmFault.of(
              "deadline-unattended",
              "a deadline passes while all coordinators are dead or frozen",
              trial -> LostDeadline.happen(trial, LostDeadline.Away.COORDINATORS)),
          FarmFault.of(
              "deadline-unworked",
              "a deadline passes while all workers are dead or frozen",
              trial -> LostDeadline.happen(trial, LostDeadline.Away.WORKERS)));

  /** A worker yields within this many milliseconds, and often much sooner. */
  private static final int YIELDS_WITHIN = 150;

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

  private static void preemptorKilled(Trial trial) {
    Request request = trial.undisturbed().many("video").as(JobClass.URGENT);
    List<SubmittedJob> lesser = askForLesser(trial);
    trial.awaitAllBusy(lesser);
    SubmittedJob urgent = trial.ask(request);
    Busy preemptor = trial.awaitStep(List.of(urgent), 1 + trial.random.nextInt(100));
    Audit.Begun yielded =
        lesser.stream()
            .flatMap(asked -> trial.farm.audit().attempts(asked.job()).stream())
            .filter(attempt -> attempt.outcome().equals("yielded"))
            .findFirst()
            .orElseThrow(() -> new FarmFault.NotInjected("no lesser task had made room"));
    trial.kill(preemptor.process());
    trial.say("%s had made room for it".formatted(yielded.lease()));
  }

  /**
   * The workers are frozen while the ledger chooses the one that is to make room, so that it cannot
   * have done so before. It dies at once or, by lot, up to a moment after it goes on: before or
   * while it writes its checkpoint, or when it has handed its task back.
   */
  private static void preemptedKilled(Trial trial) {
    Request request = trial.undisturbed().many("video").as(JobClass.URGENT);
    List<SubmittedJob> lesser = askForLesser(trial);
    List<Busy> all = trial.awaitAllBusy(lesser);
    all.forEach(busy -> Fleet.signal(busy.process(), Fleet.UnixSignal.STOP));
    Busy preempted;
    try {
      SubmittedJob urgent = trial.ask(request);
      trial.await("a worker is to make room", urgent, () -> preempted(trial, all).isPresent());
      preempted = preempted(trial, all).orElseThrow();
      if (trial.random.nextBoolean()) {
        Fleet.signal(preempted.process(), Fleet.UnixSignal.CONT);
        trial.pause(YIELDS_WITHIN);
      }
      trial.kill(preempted.process());
    } finally {
      all.forEach(busy -> Fleet.signal(busy.process(), Fleet.UnixSignal.CONT));
    }
    Lease lease = preempted.lease();
    Victim.eventually(
        "the attempt of the killed worker ends", () -> !outcome(trial, lesser, lease).isEmpty());
    trial.say(
        "which was to make room; its attempt was %s".formatted(outcome(trial, lesser, lease)));
  }

  private static List<SubmittedJob> askForLesser(Trial trial) {
    Request request = trial.undisturbed().many("points").as(JobClass.BULK);
    return Stream.generate(() -> trial.ask(request)).limit(WORKERS.size()).toList();
  }

  private static Optional<Busy> preempted(Trial trial, List<Busy> all) {
    return all.stream().filter(busy -> trial.farm.audit().isPreempted(busy.lease())).findFirst();
  }

  private static String outcome(Trial trial, List<SubmittedJob> jobs, Lease lease) {
    return jobs.stream()
        .flatMap(asked -> trial.farm.audit().attempts(asked.job()).stream())
        .filter(attempt -> attempt.lease().equals(lease))
        .map(Audit.Begun::outcome)
        .findFirst()
        .orElse("");
  }
}
