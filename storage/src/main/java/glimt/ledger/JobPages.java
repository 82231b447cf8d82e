package glimt.ledger;

import glimt.job.InvalidSpec;
import glimt.job.JobView;
import glimt.job.TenantId;
import glimt.json.EnumWord;
import java.sql.SQLException;
import java.util.List;

/** Reads pages of the list of a tenant's jobs. */
final class JobPages {
  private static final String NUMBER = "SELECT number FROM job WHERE tenant = ? AND id = ?";

  private static final String WANTED =
      """
      SELECT * FROM job
      WHERE tenant = :tenant AND deleted IS NULL
        AND (:kind::text IS NULL OR spec ->> 'kind' = :kind)
        AND (:state::text IS NULL OR :state = CASE
          WHEN ending IS NOT NULL THEN ending
          WHEN started IS NOT NULL THEN 'running'
          ELSE 'queued' END)
      """;

  private static final NamedSql NEWEST_FIRST =
      NamedSql.of(WANTED + "AND number < :beyond ORDER BY number DESC LIMIT :most");

  private static final NamedSql OLDEST_FIRST =
      NamedSql.of(WANTED + "AND number > :beyond ORDER BY number LIMIT :most");

  private JobPages() {}

  static JobPage page(Session session, TenantId tenant, JobListing listing) throws SQLException {
    long beyond = listing.oldestFirst() ? 0 : Long.MAX_VALUE;
    if (listing.after().isPresent()) {
      beyond =
          session
              .first(
                  NUMBER,
                  row -> row.getLong("number"),
                  tenant.value(),
                  listing.after().get().value())
              .orElseThrow(() -> new InvalidSpec("after", "no such job"));
    }
    String kind = listing.kind().map(EnumWord::of).orElse(null);
    String state = listing.state().map(EnumWord::of).orElse(null);
    // Fetching one more than the limit shows whether further jobs follow.
    List<JobView> found =
        JobViews.of(
            session,
            (listing.oldestFirst() ? OLDEST_FIRST : NEWEST_FIRST)
                .bind("tenant", tenant.value())
                .bind("kind", kind)
                .bind("state", state)
                .bind("beyond", beyond)
                .bind("most", listing.limit() + 1));
    boolean more = found.size() > listing.limit();
    return new JobPage(more ? found.subList(0, listing.limit()) : found, more);
  }
}
