package glimt.deploy.queue;

import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.deploy.node.DeployException;
import glimt.deploy.queue.InstantWorker.TaskNews;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.NewJob;
import glimt.ledger.Tasks;
import glimt.postgres.EmbeddedPostgres;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The time from the call that submits a job until a worker receives {@code Run}, on an idle farm:
 * it includes the ledger, the coordinator and the network to another node. The worker does nothing,
 * since only the queue is measured.
 *
 * @param millis the times of all jobs in milliseconds, sorted
 */
record Latency(double[] millis) {
  private static final int PATIENCE_SECONDS = 30;

  static Latency measure(
      EmbeddedPostgres server, Bundles.CatalogueEntry bundle, JobSpec spec, int jobs) {
    try (Database database = Database.open(server.url(), server.user(), server.password());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Node farmNode = Node.found(Set.of(Node.NodeRole.COORDINATOR, Node.NodeRole.GATEWAY));
        Node workerNode = Node.join(farmNode.address(), Set.of(Node.NodeRole.WORKER))) {
      new Bundles(database).offer(bundle.digest(), bundle.card());
      farmNode.coordinate(new Tasks(database, LeaseTerms.USUAL), threads, Cadence.DEFAULT);
      Farm farm = farmNode.farm();
      BlockingQueue<TaskNews> news = new LinkedBlockingQueue<>();
      WorkerCard card =
          new WorkerCard(
              new WorkerId("instant"),
              ProcessHandle.current().pid(),
              "none",
              "queue bench",
              Map.of(bundle.card().name(), bundle.digest()));
      workerNode.spawn(InstantWorker.create(card, news), "instant");
      Jobs ledger = new Jobs(database);
      Plan plan = Plan.of(spec, bundle.card());
      double[] millis = new double[jobs];
      // Negative numbers are jobs to warm up the JVM, which are not measured.
      for (int i = -jobs / 2; i < jobs; i++) {
        long begin = System.nanoTime();
        JobId job =
            ledger
                .submit(NewJob.of(TenantId.DEFAULT, spec, bundle.digest(), plan))
                .orElseThrow()
                .id();
        farm.tasksReady();
        TaskNews first = next(news);
        if (!first.task().job().equals(job)) {
          throw new IllegalStateException("another job was started: " + first);
        }
        if (i >= 0) {
          millis[i] = (first.nanos() - begin) / 1e6;
        }
        // Wait until the worker is idle again.
        TaskNews last = first;
        while (last.task().ordinal() < plan.tasks().size() - 1 || !last.ended()) {
          last = next(news);
        }
      }
      Arrays.sort(millis);
      return new Latency(millis);
    }
  }

  private static TaskNews next(BlockingQueue<TaskNews> news) {
    try {
      TaskNews next = news.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (next == null) {
        throw new DeployException(
            "no task was started within %s seconds".formatted(PATIENCE_SECONDS));
      }
      return next;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("interrupted", e);
    }
  }

  double mean() {
    return Arrays.stream(millis).average().orElse(Double.NaN);
  }

  /**
   * A quantile of the times in milliseconds.
   *
   * @param share 0 to 1
   */
  double quantile(double share) {
    return millis[(int) Math.min(millis.length - 1L, (long) (share * millis.length))];
  }
}
