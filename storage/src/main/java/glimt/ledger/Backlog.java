package glimt.ledger;

import glimt.job.JobId;
import glimt.job.TenantId;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The line of open jobs at a moment.
 *
 * @param asOf when it was read, in {@link System#nanoTime}
 */
record Backlog(List<OpenJob> jobs, long asOf) {
  private static final String OPEN =
      """
      SELECT job.id, job.tenant, tenant.weight, min(task.rank) AS rank, sum(LEFT_OF_TASK) AS seconds
      FROM job JOIN tenant ON tenant.id = job.tenant JOIN task ON task.job = job.id
      WHERE job.ending IS NULL AND task.state IN ('blocked', 'ready', 'running')
        AND task.rank < 'Infinity' AND IS_MADE
      GROUP BY job.id, job.tenant, tenant.weight
      """
          .replace("LEFT_OF_TASK", StepTimes.LEFT)
          .replace("IS_MADE", PlannedEnds.IS_MADE);

  /** An open job, with the device-seconds that are left of it. */
  record OpenJob(JobId job, TenantId tenant, double weight, double rank, double seconds) {}

  /**
   * What goes before a job.
   *
   * @param jobs how many jobs of its tenant
   * @param own the device-seconds that are left of these
   */
  record Ahead(int jobs, double own, double weight, List<OpenJob> others) {
    /**
     * Returns the device-seconds that are done before a job ends, besides its own.
     *
     * @param left those of the job
     */
    double seconds(double left) {
      double sum = own;
      for (List<OpenJob> other :
          others.stream().collect(Collectors.groupingBy(OpenJob::tenant)).values()) {
        double all = other.stream().mapToDouble(OpenJob::seconds).sum();
        sum += Math.min(all, (own + left) * other.getFirst().weight() / weight);
      }
      return sum;
    }
  }

  static Backlog read(Session session) throws SQLException {
    return new Backlog(
        session.all(
            OPEN,
            row ->
                new OpenJob(
                    new JobId(row.getObject("id", UUID.class)),
                    new TenantId(row.getString("tenant")),
                    row.getDouble("weight"),
                    row.getDouble("rank"),
                    row.getDouble("seconds"))),
        System.nanoTime());
  }

  /**
   * Returns what goes before a job of a tenant.
   *
   * @param rank of the job's tasks; urgent ones, and only they, are below 0 and wait for no other
   *     tenant
   * @param self the job; null if it is not submitted
   */
  Ahead ahead(TenantId tenant, double rank, @Nullable JobId self) {
    List<OpenJob> before =
        jobs.stream()
            .filter(one -> one.tenant().equals(tenant) && one.rank() < rank)
            .filter(one -> !one.job().equals(self))
            .toList();
    double weight =
        jobs.stream()
            .filter(one -> one.tenant().equals(tenant))
            .mapToDouble(OpenJob::weight)
            .findFirst()
            .orElse(1);
    List<OpenJob> others =
        rank < 0 ? List.of() : jobs.stream().filter(one -> !one.tenant().equals(tenant)).toList();
    return new Ahead(
        before.size(), before.stream().mapToDouble(OpenJob::seconds).sum(), weight, others);
  }
}
