package glimt.ledger;

import glimt.job.FilterDecision;
import glimt.job.JobId;
import glimt.json.Json;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;

/** What content filters decided about jobs, in their rows. */
final class Decisions {
  /** The caller has locked the job. Pieces of a level that are made twice decide the same. */
  private static final NamedSql RECORD =
      NamedSql.of(
          """
          UPDATE job SET decisions = decisions || :decision::jsonb
          WHERE id = :job AND NOT decisions @> :decision::jsonb
          """);

  private Decisions() {}

  static void record(Session session, JobId job, List<FilterDecision> decisions)
      throws SQLException {
    for (FilterDecision decision : decisions) {
      String written = Json.write(List.of(decision));
      session.update(RECORD.bind("decision", written).bind("job", job.value()));
    }
  }

  /** Why something was stopped, for the client. */
  static String reason(FilterDecision decision) {
    return Objects.requireNonNullElse(decision.reason(), "the content filter stopped it");
  }
}
