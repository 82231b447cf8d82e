package glimt.ledger;

import glimt.job.Lease;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;

/**
 * What workers report of attempts that were taken from them meanwhile. It changes no task, but the
 * seconds are those of a device: without them its worker's life would not add up.
 */
final class LateReports {
  /** An attempt whose end was reported before keeps what was told then. */
  private static final NamedSql NOTE =
      NamedSql.of(
          """
          UPDATE attempt SET
            seconds = said.seconds, load = said.load, encode = said.encode, denoise = said.denoise,
            decode = said.decode, write = said.write, checkpoint = said.checkpoint,
            waiting = said.waiting
          FROM unnest(:tasks, :numbers, :seconds, :load, :encode, :denoise, :decode, :write,
                      :checkpoint, :waiting) AS said
            (task, number, seconds, load, encode, denoise, decode, write, checkpoint, waiting)
          WHERE attempt.task = said.task AND attempt.number = said.number
            AND outcome IN ('lost', 'cancelled') AND attempt.waiting IS NULL
            AND attempt.seconds IS NOT NULL
          """);

  private LateReports() {}

  static void note(Session session, Collection<AttemptEnd> reports) throws SQLException {
    List<AttemptEnd> told =
        reports.stream().filter(report -> report.effort().timings() != null).toList();
    if (told.isEmpty()) {
      return;
    }
    List<Lease> leases = told.stream().map(AttemptEnd::lease).toList();
    session.update(
        EffortColumns.bind(
            NOTE.bind("tasks", Leases.tasks(leases)).bind("numbers", Leases.attempts(leases)),
            told.stream().map(AttemptEnd::effort).toList()));
  }
}
