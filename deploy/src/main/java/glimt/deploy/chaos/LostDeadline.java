package glimt.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.deploy.fleet.Fleet;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * Lets the deadline of a job pass while those who keep it, or those who make the job, are dead or
 * frozen. The job's result must be its newest whole level, with the bytes that it always has.
 */
final class LostDeadline {
  /** Long enough that the rest of the job has time, so that it is not planned to end before. */
  private static final Duration AHEAD = Duration.ofSeconds(12);

  private static final Duration ENDS_WITHIN = Duration.ofMinutes(3);

  /** Who is away. */
  enum Away {
    COORDINATORS,
    WORKERS;

    private List<String> names() {
      return this == WORKERS ? Victim.WORKERS : Victim.COORDINATORS;
    }

    private Optional<ProcessHandle> process(Victim farm, String name) {
      return this == WORKERS ? farm.worker(name) : farm.node(name);
    }

    private void go(Victim farm, boolean dead) {
      for (String name : names()) {
        if (dead) {
          farm.kill(name);
        } else {
          signal(farm, name, Fleet.UnixSignal.STOP);
        }
      }
    }

    private void comeBack(Victim farm, boolean dead) {
      for (String name : names()) {
        if (dead) {
          farm.start(name);
        } else {
          signal(farm, name, Fleet.UnixSignal.CONT);
        }
      }
    }

    private void signal(Victim farm, String name, Fleet.UnixSignal signal) {
      process(farm, name).ifPresent(process -> Fleet.signal(process, signal));
    }
  }

  private LostDeadline() {}

  static void happen(Trial trial, Away away) {
    SubmittedJob asked = trial.askUnlike(trial.undisturbed().many("video"));
    trial.await("a whole level", asked, () -> newestWhole(trial, asked).isPresent());
    boolean dead = trial.random.nextBoolean();
    Instant deadline;
    away.go(trial.farm, dead);
    try {
      deadline = now().plus(AHEAD);
      trial.client.change(asked, "deadline", TextNode.valueOf(deadline.toString()));
      Witness.pause(Duration.between(now(), deadline));
      trial.pause(1000);
    } finally {
      away.comeBack(trial.farm, dead);
    }
    trial.awaitWhole();
    trial.client.ending(asked, ENDS_WITHIN);
    JsonNode job =
        trial.client.find(asked).orElseThrow(() -> new BrokenPromise("no answer about " + asked));
    if (job.path("ended").isNull()
        || Instant.parse(job.path("ended").asText()).isBefore(deadline)) {
      throw new FarmFault.NotInjected("the job ended before its deadline: " + job.path("why"));
    }
    trial.say(
        "its deadline passed while all %s were %s: %s"
            .formatted(
                away.name().toLowerCase(Locale.ROOT),
                dead ? "dead" : "frozen",
                job.path("why").asText("it was whole")));
    compare(trial, asked, job);
  }

  private static void compare(Trial trial, SubmittedJob asked, JsonNode job) {
    String newest = newestWhole(trial, asked).orElse("none");
    String last = job.path("levels").path(job.path("levels").size() - 1).path("name").asText();
    String ended = job.path("endedAtLevel").asText(last);
    if (!ended.equals(newest)) {
      trial.broke(
          "%s ended at %s, but its newest whole level is %s".formatted(asked, ended, newest));
    }
    List<String> undisturbed = trial.undisturbed().of(asked.request()).tasks();
    for (String made : trial.farm.audit().made(asked.job())) {
      String place = made.substring(0, made.indexOf(' ') + 1);
      String wanted =
          undisturbed.stream().filter(one -> one.startsWith(place)).findFirst().orElse("nothing");
      trial.compare("a product of %s".formatted(asked.job()), wanted, made);
    }
    String file = trial.client.download(asked);
    trial.compare(
        "the downloaded file of %s".formatted(asked.job()),
        undisturbed.stream()
            .map(one -> one.substring(one.indexOf(' ') + 1))
            .filter(file::equals)
            .findFirst()
            .orElse("the file of a level"),
        file);
  }

  /** The newest level that has a file. */
  private static Optional<String> newestWhole(Trial trial, SubmittedJob asked) {
    return trial.client.find(asked).stream()
        .flatMap(job -> StreamSupport.stream(job.path("levels").spliterator(), false))
        .filter(level -> !level.path("artifacts").isEmpty())
        .map(level -> level.path("name").asText())
        .reduce((_, later) -> later);
  }

  private static Instant now() {
    return Instant.now(Clock.systemUTC());
  }
}
