package glimt.deploy.chaos;

import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The result of a trial: whether the farm kept its promises, by the ledger's rows, the files in the
 * store, and what the client saw.
 *
 * @param breaches descriptions of broken promises
 * @param lost the number of accepted jobs that are missing or did not end
 * @param duplicates the number of results accepted twice, of second jobs for one request, and of
 *     jobs that nobody submitted
 * @param identical the number of compared files with the same bytes as without a fault
 * @param compared the number of compared files
 */
record Verdict(List<String> breaches, int lost, int duplicates, int identical, int compared) {
  private static final Duration ENDS_WITHIN = Duration.ofMinutes(5);
  private static final String ONE_RESULT = "one accepted result";

  /** Waits for the trial's jobs, and checks everything. */
  static Verdict on(Trial trial) {
    List<String> breaches = new ArrayList<>();
    Set<JobId> lost = new HashSet<>();
    breaches.addAll(trial.breaches());
    int identical = trial.identical();
    int compared = trial.compared();
    for (Map.Entry<SubmittedJob, String> entry : trial.expected().entrySet()) {
      SubmittedJob asked = entry.getKey();
      Optional<String> ending = trial.client.ending(asked, ENDS_WITHIN);
      if (ending.isEmpty()) {
        lost.add(asked.job());
        breaches.add("%s, job %s, did not end".formatted(asked.request(), asked.job()));
      } else if (!ending.get().equals(entry.getValue())) {
        breaches.add(
            "%s, job %s, ended as %s and not %s: %s"
                .formatted(
                    asked.request(),
                    asked.job(),
                    ending.get(),
                    entry.getValue(),
                    trial.client.find(asked).map(job -> job.path("why").asText()).orElse("")));
      } else if (ending.get().equals("succeeded") && !trial.isUnlike(asked)) {
        Undisturbed.ReferenceResult undisturbed = trial.undisturbed().of(asked.request());
        List<String> made = trial.farm.audit().made(asked.job());
        compared += undisturbed.tasks().size() + 1;
        identical += same(undisturbed.tasks(), made);
        if (!made.equals(undisturbed.tasks())) {
          breaches.add(
              "%s, job %s, made different bytes: %s and not %s"
                  .formatted(asked.request(), asked.job(), made, undisturbed.tasks()));
        }
        if (trial.client.download(asked).equals(undisturbed.file())) {
          identical++;
        } else {
          breaches.add("the downloaded file of job %s differs".formatted(asked.job()));
        }
      }
      trial.client.repeat(asked);
    }
    List<Audit.Breach> rows = new ArrayList<>(trial.farm.audit().breaches());
    rows.addAll(trial.farm.audit().breachesWithWorkers());
    rows.forEach(breach -> breaches.add(breach.toString()));
    breaches.addAll(store(trial.farm));
    int ghosts = ghosts(trial, breaches);
    lost.addAll(missing(trial, breaches));
    List<String> seen = trial.client.breaches();
    breaches.addAll(seen);
    // A breach persists in later trials; report it only in the first.
    breaches.removeIf(breach -> !trial.farm.isNews(breach));
    long twice =
        rows.stream().filter(breach -> breach.promise().equals(ONE_RESULT)).count()
            + seen.stream().filter(breach -> breach.startsWith("one key")).count();
    return new Verdict(breaches, lost.size(), (int) twice + ghosts, identical, compared);
  }

  /** The verdict if the farm did not recover, so that it could not be checked. */
  static Verdict broken(Trial trial, Exception why) {
    List<String> breaches = new ArrayList<>(trial.client.breaches());
    breaches.add("the farm did not recover: " + why);
    for (Throwable cause = why.getCause(); cause != null; cause = cause.getCause()) {
      breaches.add("because of " + cause);
    }
    return new Verdict(breaches, 0, 0, 0, 0);
  }

  private static int same(List<String> undisturbed, List<String> made) {
    Set<String> there = new HashSet<>(made);
    return (int) undisturbed.stream().filter(there::contains).count();
  }

  private static List<String> store(Victim farm) {
    List<String> breaches = new ArrayList<>();
    for (ArtifactId artifact : farm.audit().named()) {
      if (!farm.artifacts().verify(artifact)) {
        breaches.add(
            "a row refers to artifact %s, which is missing or damaged".formatted(artifact));
      }
    }
    return breaches;
  }

  private static int ghosts(Trial trial, List<String> breaches) {
    Set<JobId> ghosts = new HashSet<>(trial.farm.audit().jobs());
    ghosts.removeAll(asked(trial));
    ghosts.forEach(job -> breaches.add("nobody submitted job %s".formatted(job)));
    return ghosts.size();
  }

  private static Set<JobId> missing(Trial trial, List<String> breaches) {
    Set<JobId> missing = new HashSet<>(asked(trial));
    missing.removeAll(trial.farm.audit().jobs());
    missing.forEach(job -> breaches.add("job %s was accepted and is missing".formatted(job)));
    return missing;
  }

  private static Set<JobId> asked(Trial trial) {
    return trial.client.asked().stream().map(SubmittedJob::job).collect(Collectors.toSet());
  }

  boolean survived() {
    return breaches.isEmpty();
  }
}
