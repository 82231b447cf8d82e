package glimt.deploy.chaos;

import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.job.Lease;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * A task of more than a minute whose worker is killed when nine tenths of it are done. What the
 * next attempt does again may be the larger of 5 s and a tenth of the task, or a step if that is
 * longer. How far the worker was is what it said itself a moment before.
 */
final class LateKill {
  private static final Duration AT_LEAST = Duration.ofSeconds(60);
  private static final double MAY_BE_LOST_SECONDS = 5;
  private static final double MAY_BE_LOST = 0.1;
  private static final double LATE = 0.9;

  /** Of the job; a machine under load takes many times as long as one that is not. */
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
          String.format(Locale.ROOT, "the task took but %.0f s, undisturbed longer", whole));
    }
    int goesOnAt = goesOnAt(trial, asked, late.lease());
    int steps = late.steps() - goesOnAt;
    double lost = steps * stepSeconds;
    double allowed = Math.max(MAY_BE_LOST_SECONDS, MAY_BE_LOST * whole) + stepSeconds;
    String told =
        String.format(
            Locale.ROOT,
            "a task of %.1f s was killed at step %s of %s and went on at %s: %.1f s (%s steps) were"
                + " lost, where %.1f s may be",
            whole,
            late.steps(),
            request.steps(),
            goesOnAt,
            lost,
            steps,
            allowed);
    trial.say(told);
    trial.say("undisturbed, " + checkpoints(trial, trial.undisturbed().of(request).first()));
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
        .orElseThrow(() -> new BrokenPromise("nobody took up what was lost of " + lost));
  }

  /** What the worker wrote down about the cost of its checkpoints. */
  private static String checkpoints(Trial trial, Audit.Begun attempt) {
    String begins = "task %s: ".formatted(attempt.lease());
    return trial.farm.workerLogs().stream()
        .filter(line -> line.contains(begins) && line.contains(" checkpoints in "))
        .map(line -> line.substring(line.indexOf(begins) + begins.length()))
        .findFirst()
        .orElse("nobody told what its checkpoints cost");
  }
}
