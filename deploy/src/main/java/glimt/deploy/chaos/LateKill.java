package glimt.deploy.chaos;

import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.job.Lease;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * Kills the worker of a task of more than a minute when nine tenths of it are done. The next
 * attempt may repeat at most the larger of 5 s and a tenth of the task, or one step if that is
 * longer. The step that the worker had reached is the one that it reported a moment before.
 */
final class LateKill {
  private static final Duration AT_LEAST = Duration.ofSeconds(60);
  private static final double MAY_BE_LOST_SECONDS = 5;
  private static final double MAY_BE_LOST = 0.1;
  private static final double LATE = 0.9;

  /** How long the job may take; a loaded machine takes many times as long as an idle one. */
  private static final Duration ENDS_WITHIN = Duration.ofMinutes(5);

  private LateKill() {}

  static void happen(Trial trial) {
    Request request = trial.undisturbed().lasting(Tampered.WORKER_KILLED_LATE, AT_LEAST);
    SubmittedJob asked = trial.ask(request);
    Busy early = trial.awaitStep(List.of(asked), 1);
    long from = System.nanoTime();
    Busy late = trial.awaitStep(List.of(asked), (int) Math.ceil(LATE * request.steps()));
    double stepSeconds = (System.nanoTime() - from) / 1e9 / (late.steps() - early.steps());
    trial.kill(late.process());
    trial.client.ending(asked, ENDS_WITHIN);

    double whole = stepSeconds * request.steps();
    if (whole < AT_LEAST.toSeconds()) {
      throw new FarmFault.NotInjected(
          String.format(
              Locale.ROOT, "the task took only %.0f s, less than when undisturbed", whole));
    }
    int goesOnAt = goesOnAt(trial, asked, late.lease());
    int steps = late.steps() - goesOnAt;
    double lost = steps * stepSeconds;
    double allowed = Math.max(MAY_BE_LOST_SECONDS, MAY_BE_LOST * whole) + stepSeconds;
    String told =
        String.format(
            Locale.ROOT,
            "a task of %.1f s was killed at step %s of %s and continued at %s: it lost %.1f s (%s"
                + " steps), and %.1f s are allowed",
            whole,
            late.steps(),
            request.steps(),
            goesOnAt,
            lost,
            steps,
            allowed);
    trial.say(told);
    trial.say("undisturbed, " + checkpoints(trial, trial.undisturbed().of(request).longest()));
    if (lost > allowed) {
      trial.broke(told);
    }
  }

  private static int goesOnAt(Trial trial, SubmittedJob asked, Lease lost) {
    Lease next = new Lease(lost.task(), lost.attempt() + 1);
    return trial.farm.audit().attempts(asked.job()).stream()
        .filter(attempt -> attempt.lease().equals(next))
        .map(Audit.Begun::resumedFrom)
        .findFirst()
        .orElseThrow(() -> new BrokenPromise("no worker continued the task of " + lost));
  }

  /** What the worker logged about the cost of its checkpoints. */
  private static String checkpoints(Trial trial, Audit.Begun attempt) {
    String begins = "task %s: ".formatted(attempt.lease());
    return trial.farm.workerLogs().stream()
        .filter(line -> line.contains(begins) && line.contains(" checkpoints in "))
        .map(line -> line.substring(line.indexOf(begins) + begins.length()))
        .findFirst()
        .orElse("no worker logged the cost of its checkpoints");
  }
}
