package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Visible;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A submitted job whose events are followed until it ends. */
public final class WatchedJob {
  private static final Logger LOG = LoggerFactory.getLogger(WatchedJob.class);

  /** How often in a row, a second apart, to reconnect to a farm that does not answer. */
  private static final int TRIES = 60;

  private final Client farm;
  private final String path;
  private final Map<String, Steps> levels = new LinkedHashMap<>();
  private long seq;
  private volatile @Nullable JsonNode ending;
  private volatile boolean lost;

  /** The steps of a level's tasks, by ordinal. */
  private static final class Steps {
    private final Map<Integer, Integer> done = new HashMap<>();
    private final Map<Integer, Integer> of = new HashMap<>();
    private int planned;

    /** A walk that ends early has fewer steps at its end than were planned. */
    void done(JsonNode progress) {
      int ordinal = progress.path("ordinal").asInt();
      int step = progress.path("step").asInt();
      int most = of.merge(ordinal, progress.path("steps").asInt(), Math::max);
      done.put(ordinal, step == progress.path("steps").asInt() ? most : step);
    }

    double progress() {
      int sum = done.values().stream().mapToInt(Integer::intValue).sum();
      return planned == 0 ? 0 : (double) sum / planned;
    }
  }

  private WatchedJob(Client farm, String path) {
    this.farm = farm;
    this.path = path;
  }

  /**
   * Submits a job.
   *
   * @param wish the body of {@code POST /v1/jobs}
   * @throws Client.Refused if the farm refuses the request
   * @throws DeployException if the farm does not answer
   */
  static WatchedJob submit(Client farm, JsonNode wish) {
    return submit(farm, "/v1/jobs", wish);
  }

  /** Submits a job by another path, as above. */
  static WatchedJob submit(Client farm, String path, JsonNode wish) {
    try {
      JsonNode job = farm.post(path, wish);
      tellPlan(job);
      return of(farm, job.path("links").path("self").asText());
    } catch (IOException e) {
      throw silent(farm, e);
    }
  }

  /** Says what of a job is left out, to end within its limits. */
  static void tellPlan(JsonNode job) {
    if (job.path("plannedWhy").isTextual()) {
      System.err.println("glimt: " + Visible.of(job.path("plannedWhy").asText()));
    }
  }

  /** Submits drafts, as above. */
  static List<WatchedJob> submitDrafts(Client farm, JsonNode wish) {
    try {
      List<WatchedJob> drafts = new ArrayList<>();
      for (JsonNode job : farm.post("/v1/jobs", wish).path("jobs")) {
        drafts.add(of(farm, job.path("links").path("self").asText()));
      }
      return drafts;
    } catch (IOException e) {
      throw silent(farm, e);
    }
  }

  private static DeployException silent(Client farm, IOException e) {
    return new DeployException(
        "the farm at %s does not answer; is it still running?".formatted(farm.farm()), e);
  }

  private static WatchedJob of(Client farm, String path) throws IOException {
    JsonNode job = farm.get(path);
    WatchedJob watched = new WatchedJob(farm, job.path("links").path("self").asText());
    for (JsonNode level : job.path("levels")) {
      Steps steps = new Steps();
      for (JsonNode task : level.path("tasks")) {
        steps.planned += task.path("steps").asInt();
      }
      watched.levels.put(level.path("name").asText(), steps);
    }
    return watched;
  }

  String path() {
    return path;
  }

  String id() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /**
   * Shows the job's progress until it has ended, also if the farm is restarted meanwhile.
   *
   * @return the job's last event
   * @throws DeployException if the farm does not answer for a minute
   */
  JsonNode follow(Bars bars) {
    levels.keySet().forEach(level -> bars.show(level, 0));
    int tries = 0;
    while (true) {
      try {
        farm.events(path + "/events", seq, event -> hear(event, bars));
        tries = 0;
      } catch (IOException e) {
        LOG.info("the connection for the events of {} broke", path, e);
        if (++tries == TRIES) {
          lost = true;
          throw new DeployException(
              "lost the connection to the farm at %s; it continues the job %s when it runs again"
                  .formatted(farm.farm(), path),
              e);
        }
      }
      JsonNode end = ending;
      if (end != null) {
        return end;
      }
      pause();
    }
  }

  /** The path of the file with a role of the highest finished level; empty if there is none. */
  String result(String role) throws IOException {
    String href = "";
    for (JsonNode level : farm.get(path).path("levels")) {
      for (JsonNode artifact : level.path("artifacts")) {
        if (artifact.path("role").asText().equals(role)) {
          href = artifact.path("href").asText();
        }
      }
    }
    return href;
  }

  /** Cancels the job unless it has ended, because its client is stopping. */
  void giveUp() {
    if (lost || ending != null) {
      return;
    }
    try {
      farm.post(path + "/cancel");
    } catch (IOException | Client.Refused e) {
      LOG.warn("could not cancel {}", path, e);
    }
  }

  private void hear(JsonNode event, Bars bars) {
    seq = Math.max(seq, event.path("seq").asLong());
    String level = Visible.of(event.path("level").asText());
    switch (event.path("type").asText()) {
      case "submitted", "warned" ->
          event
              .path("warnings")
              .forEach(warning -> bars.say("warning: " + Visible.of(warning.asText())));
      case "progress" -> {
        Steps steps = levels.computeIfAbsent(level, _ -> new Steps());
        steps.done(event);
        bars.show(level, steps.progress());
      }
      case "level_finished" -> bars.show(level, 1);
      case "ended" -> ending = event;
      default -> LOG.debug("not shown: {}", event);
    }
  }

  private static void pause() {
    try {
      new CountDownLatch(1).await(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("interrupted", e);
    }
  }
}
