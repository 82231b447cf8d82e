package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Plan;
import glimt.job.PlannedEnd.LevelEnd;
import glimt.json.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is left of jobs of one card, by the times that such steps took on the workers that can do
 * it.
 *
 * @param living all living workers
 * @param able those that can do all of it
 * @param memory what its largest network needs, in bytes
 * @param stages what is left until each stage's end, in their order
 */
record LeftWork(List<Living> living, List<Living> able, long memory, List<LeftStage> stages) {
  private static final String ABLE =
      """
      SELECT numeric_class, memory, ? = ANY(cards) AS has FROM worker
      WHERE drained IS NULL
        AND (seen > clock_timestamp() - make_interval(secs => ?)
          OR EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running'))
      """;

  /**
   * What is left of a task.
   *
   * @param size the number of positions of a step
   */
  record LeftTask(int ordinal, String level, String work, long size, int steps, long memory) {
    static LeftTask of(Plan.PlannedTask task) {
      return new LeftTask(
          task.ordinal(),
          task.work().level(),
          Json.mapper().valueToTree(task.work()).path("type").asText(),
          task.work().amount() / task.work().steps(),
          task.work().steps(),
          task.need().memory());
    }

    static LeftTask read(ResultSet row) throws SQLException {
      return new LeftTask(
          row.getInt("ordinal"),
          row.getString("level"),
          row.getString("work"),
          row.getLong("size"),
          row.getInt("steps"),
          row.getLong("memory"));
    }

    private boolean isLike(LeftTask other) {
      return level.equals(other.level) && work.equals(other.work);
    }
  }

  /** A living worker. */
  record Living(String numericClass, long memory, boolean has) {}

  /**
   * The end of the tasks of a level that do the same work, which run side by side.
   *
   * @param last one of these tasks, the last in the plan
   * @param deviceSeconds what all tasks until then take together
   * @param alone how long they take on the able workers, if these do nothing else
   * @param learned whether the times of all these steps are known
   */
  record LeftStage(LeftTask last, double deviceSeconds, double alone, boolean learned) {}

  /**
   * @param tasks in the order in which they are done
   */
  static LeftWork of(Session session, ArtifactId card, List<LeftTask> tasks) throws SQLException {
    List<Living> living =
        session.all(
            ABLE,
            row ->
                new Living(
                    row.getString("numeric_class"), row.getLong("memory"), row.getBoolean("has")),
            card.sha256(),
            Workers.PATIENCE_SECONDS);
    long memory = tasks.stream().mapToLong(LeftTask::memory).max().orElse(0);
    List<Living> able = living.stream().filter(one -> one.has() && one.memory() >= memory).toList();
    return new LeftWork(living, able, memory, stages(StepTimes.of(session, card), able, tasks));
  }

  private static List<LeftStage> stages(StepTimes times, List<Living> able, List<LeftTask> tasks) {
    Set<String> classes = able.stream().map(Living::numericClass).collect(Collectors.toSet());
    int workers = Math.max(1, able.size());
    List<LeftStage> stages = new ArrayList<>();
    LeftStage until = new LeftStage(new LeftTask(-1, "", "", 0, 0, 0), 0, 0, true);
    for (int at = 0; at < tasks.size(); ) {
      // The tasks of a level that do the same work run side by side, those that follow wait.
      LeftTask first = tasks.get(at);
      double seconds = 0;
      double longest = 0;
      boolean learned = until.learned();
      for (; at < tasks.size() && first.isLike(tasks.get(at)); at++) {
        LeftTask task = tasks.get(at);
        var step = times.seconds(task.level(), task.work(), task.size(), classes);
        learned &= step.isPresent();
        double one = step.orElse(1.0 / Math.max(1, task.steps())) * task.steps();
        seconds += one;
        longest = Math.max(longest, one);
      }
      until =
          new LeftStage(
              tasks.get(at - 1),
              until.deviceSeconds() + seconds,
              until.alone() + Math.max(longest, seconds / workers),
              learned);
      stages.add(until);
    }
    return stages;
  }

  double deviceSeconds() {
    return stages.isEmpty() ? 0 : stages.getLast().deviceSeconds();
  }

  boolean learned() {
    return stages.isEmpty() || stages.getLast().learned();
  }

  /** When all of it is likely to be done, if so much goes before it; only if workers are able. */
  Instant ends(Backlog.Ahead ahead) {
    return stages.isEmpty() ? now() : ends(ahead, stages.getLast());
  }

  private Instant ends(Backlog.Ahead ahead, LeftStage stage) {
    double wait = ahead.seconds(stage.deviceSeconds()) / able.size();
    return now().plusMillis((long) (1000 * (wait + stage.alone())));
  }

  private static Instant now() {
    return Instant.now(Clock.systemUTC());
  }

  /**
   * Returns when its levels are likely to be whole; empty if no worker can do it.
   *
   * @param spent the device-seconds that the job took already
   */
  List<LevelEnd> levelEnds(Backlog.Ahead ahead, double spent) {
    return able.isEmpty()
        ? List.of()
        : stages.stream()
            .filter(stage -> stage.last().work().equals("assemble"))
            .map(
                stage ->
                    new LevelEnd(
                        stage.last().level(),
                        stage.last().ordinal(),
                        ends(ahead, stage),
                        spent + stage.deviceSeconds(),
                        stage.learned()))
            .toList();
  }
}
