package glimt.ledger;

import glimt.job.ArtifactId;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** How long steps with a card take, by what they do and the numeric class of the worker. */
final class StepTimes {
  /** Learns from {@code ended} attempts; writes only what is off by a tenth or more. */
  static final String LEARN =
      """
      INSERT INTO step_time (card, level, work, size, numeric_class, seconds)
      SELECT card, level, kind, size, numeric_class, taken
      FROM (
        SELECT card, ended.work ->> 'level' AS level, ended.work ->> 'type' AS kind,
               amount / whole AS size, numeric_class,
               avg((seconds - coalesce(load, 0)) / steps) AS taken
        FROM ended
        WHERE outcome = 'succeeded' AND steps > 0 AND seconds > coalesce(load, 0)
        GROUP BY 1, 2, 3, 4, 5) AS ended
      WHERE NOT EXISTS (
        SELECT FROM step_time AS known
        WHERE known.card = ended.card AND known.level = ended.level AND known.work = kind
          AND known.size = ended.size AND known.numeric_class = ended.numeric_class
          AND abs(known.seconds - taken) < 0.1 * taken)
      ORDER BY 1, 2, 3, 4, 5
      ON CONFLICT (card, level, work, size, numeric_class) DO UPDATE SET
        seconds = step_time.seconds + 0.25 * (excluded.seconds - step_time.seconds)\
      """;

  /** The device-seconds that are left of a {@code task}, on average over the numeric classes. */
  static final String LEFT =
      """
      (task.steps - task.step) * coalesce(
        (SELECT avg(known.seconds) FROM step_time AS known
         WHERE known.card = task.card AND known.level = task.work ->> 'level'
           AND known.work = task.work ->> 'type' AND known.size = task.amount / task.steps),
        (SELECT pace.seconds * task.amount / task.steps FROM pace
         WHERE pace.card = task.card AND pace.level = task.work ->> 'level'
           AND pace.work = task.work ->> 'type'),
        1.0 / task.steps)\
      """;

  private static final String OF_CARD = "SELECT * FROM step_time WHERE card = ?";

  private record StepKind(String level, String work, long size) {}

  private final Map<StepKind, Map<String, Double>> known = new HashMap<>();

  private StepTimes() {}

  static StepTimes of(Session session, ArtifactId card) throws SQLException {
    StepTimes times = new StepTimes();
    session.all(
        OF_CARD,
        row ->
            times
                .known
                .computeIfAbsent(
                    new StepKind(
                        row.getString("level"), row.getString("work"), row.getLong("size")),
                    _ -> new HashMap<>())
                .put(row.getString("numeric_class"), row.getDouble("seconds")),
        card.sha256());
    return times;
  }

  /**
   * Returns the seconds of a step, on average over those of the numeric classes that are known, or
   * over all known ones if none of these is; empty if the step was never done.
   *
   * @param work the type of the work, as in JSON
   * @param size the number of positions that it works on
   */
  OptionalDouble seconds(String level, String work, long size, Collection<String> numericClasses) {
    Map<String, Double> byClass = known.getOrDefault(new StepKind(level, work, size), Map.of());
    List<Double> wanted =
        numericClasses.stream().flatMap(one -> Stream.ofNullable(byClass.get(one))).toList();
    return (wanted.isEmpty() ? byClass.values() : wanted)
        .stream().mapToDouble(Double::doubleValue).average();
  }
}
