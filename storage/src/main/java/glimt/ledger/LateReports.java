package glimt.ledger;

import glimt.job.Effort;
import glimt.job.Lease;
import glimt.job.Timings;
import java.sql.SQLException;
import java.util.ArrayList;
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
    List<Lease> leases = new ArrayList<>();
    List<Effort> efforts = new ArrayList<>();
    List<Timings> timings = new ArrayList<>();
    for (AttemptEnd report : reports) {
      Timings told = report.effort().timings();
      if (told != null) {
        leases.add(report.lease());
        efforts.add(report.effort());
        timings.add(told);
      }
    }
    if (leases.isEmpty()) {
      return;
    }
    session.update(
        NOTE.bind("tasks", Leases.tasks(leases))
            .bind("numbers", Leases.attempts(leases))
            .bind("seconds", Columns.doubles(efforts, Effort::seconds))
            .bind("load", Columns.doubles(timings, Timings::load))
            .bind("encode", Columns.doubles(timings, Timings::encode))
            .bind("denoise", Columns.doubles(timings, Timings::denoise))
            .bind("decode", Columns.doubles(timings, Timings::decode))
            .bind("write", Columns.doubles(timings, Timings::write))
            .bind("checkpoint", Columns.doubles(timings, Timings::checkpoint))
            .bind("waiting", Columns.doubles(timings, Timings::waiting)));
  }
}
