package glimt.ledger;

import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.json.EnumWord;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows of {@code attempt} that end in one transaction, written by one statement. */
final class EndedAttempts {
  /**
   * Without a report from the worker, the effort follows from its last beat or checkpoint and from
   * the clock. A row that has ended stays as it is.
   *
   * <p>The clock of the tenant is corrected by what the attempt took, which counts as nothing if
   * its worker was lost or it repaired a file. A tenant that has nothing else in line joins it
   * anew, in case the successors of a task get ready.
   */
  private static final NamedSql END =
      NamedSql.of(
          """
          WITH ended AS (
            UPDATE attempt SET
              ended = clock_timestamp(), outcome = said.outcome, fault = said.fault, why = said.why,
              numeric_class = coalesce(said.numeric_class, attempt.numeric_class),
              resumed_from = coalesce(said.resumed_from, attempt.resumed_from),
              steps = coalesce(said.steps, CASE
                WHEN task.step > attempt.resumed_from THEN task.step - attempt.resumed_from
                WHEN attempt.resumed_from IS NOT NULL THEN 0 END),
              seconds = coalesce(said.seconds, CASE
                WHEN attempt.seconds IS NOT NULL
                THEN extract(epoch FROM clock_timestamp() - attempt.started) END),
              network_seconds = coalesce(said.network_seconds, attempt.network_seconds),
              load = said.load, encode = said.encode, denoise = said.denoise,
              decode = said.decode, write = said.write, checkpoint = said.checkpoint,
              waiting = said.waiting
            FROM unnest(:tasks, :numbers, :outcomes, :faults, :whys, :numericClasses, :resumedFrom,
                        :steps, :seconds, :networkSeconds, :load, :encode, :denoise, :decode, :write,
                        :checkpoint, :waiting) AS said
              (task, number, outcome, fault, why, numeric_class, resumed_from, steps, seconds,
               network_seconds, load, encode, denoise, decode, write, checkpoint, waiting)
            JOIN task ON task.id = said.task
            WHERE attempt.task = said.task AND attempt.number = said.number AND attempt.ended IS NULL
            RETURNING task.id, task.tenant, task.card, task.work, task.amount, task.steps AS whole,
              attempt.outcome, attempt.steps, attempt.seconds, attempt.charged,
              attempt.numeric_class, attempt.load),
          learned AS (
            INSERT INTO pace (card, level, work, seconds)
            SELECT ended.card, level, kind, taken
            FROM (
              SELECT card, ended.work ->> 'level' AS level, ended.work ->> 'type' AS kind,
                     avg(seconds * whole / steps / amount) AS taken
              FROM ended WHERE outcome = 'succeeded' AND steps > 0 AND seconds > 0
              GROUP BY 1, 2, 3) AS ended
            WHERE NOT EXISTS (
              SELECT FROM pace
              WHERE pace.card = ended.card AND pace.level = ended.level AND pace.work = kind
                AND abs(pace.seconds - taken) < 0.1 * taken)
            ORDER BY 1, 2, 3
            ON CONFLICT (card, level, work) DO UPDATE SET
              seconds = pace.seconds + 0.25 * (excluded.seconds - pace.seconds)),
          learned_steps AS (LEARN),
          owed AS MATERIALIZED (
            SELECT tenant, sum(
              CASE WHEN outcome IN ('lost', 'remade') THEN 0 ELSE coalesce(seconds, 0) END - charged) AS seconds
            FROM ended GROUP BY tenant),
          PAY
          SELECT mine.id FROM tenant AS mine WHERE mine.id IN (SELECT tenant FROM owed) AND AWAY
          """
              .replace("LEARN", StepTimes.LEARN)
              .replace("PAY", FairShares.PAY)
              .replace("AWAY", FairShares.AWAY));

  private final List<Lease> leases = new ArrayList<>();
  private final List<String> outcomes = new ArrayList<>();
  private final List<@Nullable Fault> faults = new ArrayList<>();
  private final List<@Nullable String> whys = new ArrayList<>();
  private final List<@Nullable Effort> efforts = new ArrayList<>();

  /** Adds an attempt whose worker reported its end. */
  void addReported(RunningAttempt attempt, AttemptEnd end) {
    Effort effort = end.effort();
    switch (end.outcome()) {
      case Outcome.Succeeded _ ->
          add(end.lease(), attempt.remakes() ? "remade" : "succeeded", null, null, effort);
      case Outcome.Yielded _ -> add(end.lease(), "yielded", null, null, effort);
      case Outcome.Failed(Fault fault, String why) ->
          add(end.lease(), "failed", fault, why, effort);
      case Outcome.Blocked(var decision) ->
          add(end.lease(), "failed", Fault.BLOCKED, decision.reason(), effort);
      // The attempt counts as yielded, not as failed: its worker is not to blame.
      case Outcome.Damaged damaged ->
          add(end.lease(), "yielded", Fault.STORAGE, damagedInput(damaged), effort);
    }
  }

  /**
   * Adds an attempt that is taken from its worker.
   *
   * @param why null if the worker was only silent
   */
  void addLost(RunningAttempt attempt, @Nullable String why) {
    add(attempt.lease(), "lost", Fault.LOST, why, null);
  }

  /** Adds the latest attempt of a task that is cancelled; it may have ended before. */
  void addCancelled(Lease lease) {
    add(lease, "cancelled", null, null, null);
  }

  static String damagedInput(Outcome.Damaged damaged) {
    return "its input %s is missing or damaged".formatted(damaged.input());
  }

  private void add(
      Lease lease,
      String outcome,
      @Nullable Fault fault,
      @Nullable String why,
      @Nullable Effort effort) {
    leases.add(lease);
    outcomes.add(outcome);
    faults.add(fault);
    whys.add(why);
    efforts.add(effort);
  }

  void write(Session session) throws SQLException {
    if (leases.isEmpty()) {
      return;
    }
    List<String> away =
        session.all(
            EffortColumns.bind(
                END.bind("tasks", Leases.tasks(leases))
                    .bind("numbers", Leases.attempts(leases))
                    .bind("outcomes", outcomes.toArray(String[]::new))
                    .bind("faults", Columns.texts(faults, EnumWord::of))
                    .bind("whys", whys.toArray(String[]::new))
                    .bind("numericClasses", Columns.texts(efforts, Effort::numericClass))
                    .bind("resumedFrom", Columns.integers(efforts, Effort::resumedFrom))
                    .bind("steps", Columns.integers(efforts, Effort::steps))
                    .bind("networkSeconds", Columns.doubles(efforts, Effort::networkSeconds)),
                efforts),
            row -> row.getString("id"));
    if (!away.isEmpty()) {
      FairShares.joinLine(session, away);
    }
  }
}
