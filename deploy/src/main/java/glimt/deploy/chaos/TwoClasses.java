package glimt.deploy.chaos;

import static glimt.deploy.chaos.Victim.WORKERS;

import glimt.deploy.chaos.Trial.Busy;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs one worker in float32 and the other in bfloat16, so that the farm has two numeric classes.
 * Each class makes bytes of its own, always the same. When a worker is killed during a task, the
 * task is continued in the same class or started again, but never mixed; the ledger's audit checks
 * that of all tasks.
 */
final class TwoClasses {
  private static final Duration ENDS_WITHIN = Duration.ofMinutes(4);
  private static final int ROUNDS = 4;

  private TwoClasses() {}

  static void happen(Trial trial) {
    Request request = trial.undisturbed().many("video");
    String usual = trial.undisturbed().of(request).longest().numericClass();
    String odd = WORKERS.get(trial.random.nextInt(WORKERS.size()));
    trial.farm.kill(odd);
    trial.farm.start(odd, Map.of("GLIMT_PRECISION", usual.contains("bfloat16") ? "fp32" : "bf16"));
    trial.awaitWhole();
    try {
      Map<String, String> bytes = ofEach(trial, request);
      String[] two = bytes.values().toArray(String[]::new);
      if (two[0].equals(two[1])) {
        trial.broke("two numeric classes made the same bytes: " + bytes);
      }
      trial.compare(
          "the first task in " + usual,
          trial.undisturbed().of(request).tasks().getFirst(),
          bytes.getOrDefault(usual, "nothing"));
      killed(trial, request, bytes);
    } finally {
      trial.farm.kill(odd);
    }
  }

  /** The digest of the first task's artifact in each class, when no worker is killed. */
  private static Map<String, String> ofEach(Trial trial, Request request) {
    Map<String, String> bytes = new HashMap<>();
    for (int round = 0; round < ROUNDS && bytes.size() < 2; round++) {
      List<SubmittedJob> two = Stream.generate(() -> trial.askUnlike(request)).limit(2).toList();
      for (SubmittedJob asked : two) {
        trial.client.ending(asked, ENDS_WITHIN);
        String made = first(trial, asked);
        String before = bytes.putIfAbsent(classOf(trial, asked), made);
        if (before != null) {
          trial.compare("the first task of job %s".formatted(asked.job()), before, made);
        }
      }
    }
    if (bytes.size() < 2) {
      throw new FarmFault.NotInjected(
          "one worker did the first tasks of all jobs: %s".formatted(bytes));
    }
    return bytes;
  }

  private static void killed(Trial trial, Request request, Map<String, String> bytes) {
    SubmittedJob asked = trial.askUnlike(request);
    Busy busy = trial.awaitStep(List.of(asked), 1);
    trial.await(
        "a checkpoint", asked, () -> !trial.farm.audit().checkpoints(asked.job()).isEmpty());
    trial.kill(busy.process());
    trial.client.ending(asked, ENDS_WITHIN);
    List<Audit.Begun> tries =
        trial.farm.audit().attempts(asked.job()).stream()
            .filter(attempt -> attempt.ordinal() == 0)
            .toList();
    String made = classOf(trial, asked);
    trial.compare(
        "the first task after a kill, in " + made,
        bytes.getOrDefault(made, "nothing"),
        first(trial, asked));
    trial.say(
        "its attempts: "
            + tries.stream()
                .map(
                    one ->
                        "%s from step %s in %s"
                            .formatted(one.outcome(), one.resumedFrom(), one.numericClass()))
                .collect(Collectors.joining("; ")));
  }

  private static String first(Trial trial, SubmittedJob asked) {
    return trial.farm.audit().made(asked.job()).getFirst();
  }

  private static String classOf(Trial trial, SubmittedJob asked) {
    return trial.farm.audit().attempts(asked.job()).stream()
        .filter(attempt -> attempt.ordinal() == 0 && attempt.outcome().equals("succeeded"))
        .map(Audit.Begun::numericClass)
        .findFirst()
        .orElseThrow(() -> new BrokenPromise("job %s has no first task".formatted(asked.job())));
  }
}
