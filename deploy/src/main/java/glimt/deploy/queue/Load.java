package glimt.deploy.queue;

import glimt.deploy.node.DeployException;
import glimt.job.Format;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.AttemptEnd;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.NewJob;
import glimt.ledger.Tasks;
import glimt.model.Kind;
import glimt.postgres.EmbeddedPostgres;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Puts a load on a ledger: submits point clouds and completes their tasks as fast as possible, on a
 * number of connections.
 */
final class Load implements AutoCloseable {
  /** A default point cloud ends with its second level; a small one with its first. */
  enum Size {
    SMALL(1024),
    DEFAULT(null);

    private final @Nullable Integer points;

    Size(@Nullable Integer points) {
      this.points = points;
    }

    Map<String, Integer> extents() {
      Integer wanted = points;
      return wanted == null ? Map.of() : Map.of("points", wanted);
    }
  }

  /** The most connections of a measurement. */
  static final int MOST = 16;

  private static final int FILLING = 4;

  private final Bundles.CatalogueEntry bundle;

  /** A pool of connections, as each node of a farm has one. */
  private record LoadNode(Database database, Jobs jobs) {
    static LoadNode open(EmbeddedPostgres server) {
      Database database = Database.open(server.url(), server.user(), server.password());
      return new LoadNode(database, new Jobs(database));
    }
  }

  private final List<LoadNode> nodes;

  /** The number of tasks that are submitted and not completed. */
  private final AtomicLong stock = new AtomicLong();

  Load(EmbeddedPostgres server, Bundles.CatalogueEntry bundle) {
    this.bundle = bundle;
    this.nodes = List.of(LoadNode.open(server), LoadNode.open(server));
    new Bundles(nodes.getFirst().database()).offer(bundle.digest(), bundle.card());
  }

  JobSpec spec(Size size) {
    return new JobSpec(
        Kind.POINTS,
        "a pine tree",
        bundle.card().name(),
        new SamplingOptions(7, null, null, null, null),
        size.extents(),
        Format.PLY);
  }

  int tasks(Size size) {
    return plan(size).tasks().size();
  }

  private Plan plan(Size size) {
    return Plan.of(spec(size), bundle.card());
  }

  /** Submitted jobs per second; each job is planned and submitted in its own transaction. */
  double submits(Size size, int connections, double seconds) {
    return rate(connections, seconds, node -> submit(node.jobs(), size));
  }

  private long submit(Jobs jobs, Size size) {
    Plan plan = plan(size);
    jobs.submit(NewJob.of(TenantId.DEFAULT, spec(size), bundle.digest(), plan));
    stock.addAndGet(plan.tasks().size());
    return 1;
  }

  /** Completed tasks per second; tasks are claimed and ended {@code batch} at a time. */
  double tasks(int batch, int connections, double seconds) {
    AtomicLong names = new AtomicLong();
    ThreadLocal<WorkerCard> worker =
        ThreadLocal.withInitial(() -> card("bench-" + names.incrementAndGet()));
    return rate(
        connections,
        seconds,
        node -> work(new Tasks(node.database(), LeaseTerms.USUAL), worker.get(), batch));
  }

  private WorkerCard card(String name) {
    return new WorkerCard(
        new WorkerId(name),
        ProcessHandle.current().pid(),
        "none",
        "queue bench",
        Map.of(bundle.card().name(), bundle.digest()));
  }

  private long work(Tasks tasks, WorkerCard worker, int batch) {
    List<Task> claimed = tasks.claim(worker, "bench", batch);
    if (claimed.isEmpty()) {
      throw new DeployException("the benchmark ran out of tasks; choose fewer --seconds");
    }
    int done =
        tasks
            .end(
                claimed.stream()
                    .map(task -> new AttemptEnd(task.lease(), Made.of(task), Made.EFFORT))
                    .toList())
            .size();
    if (done != claimed.size()) {
      throw new IllegalStateException("ended %s of %s".formatted(done, claimed.size()));
    }
    stock.addAndGet(-done);
    return done;
  }

  /** Submits jobs of the default size until {@code wanted} tasks wait. */
  void fill(long wanted) {
    run(
        FILLING,
        node -> {
          while (stock.get() < wanted) {
            submit(node.jobs(), Size.DEFAULT);
          }
          return 0L;
        });
  }

  private double rate(int connections, double seconds, ToLongFunction<LoadNode> once) {
    // The first call on each connection also opens it, so it is not measured.
    run(connections, once);
    long begin = System.nanoTime();
    long deadline = begin + (long) (seconds * 1e9);
    long sum =
        run(
            connections,
            node -> {
              long count = 0;
              while (System.nanoTime() < deadline) {
                count += once.applyAsLong(node);
              }
              return count;
            });
    return sum / ((System.nanoTime() - begin) / 1e9);
  }

  private long run(int threads, ToLongFunction<LoadNode> body) {
    List<Future<Long>> parts = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < threads; i++) {
        LoadNode node = nodes.get(i % nodes.size());
        parts.add(pool.submit(() -> body.applyAsLong(node)));
      }
      long sum = 0;
      for (Future<Long> part : parts) {
        sum += part.get();
      }
      return sum;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof DeployException told) {
        throw told;
      }
      throw new IllegalStateException("the benchmark failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("interrupted", e);
    }
  }

  @Override
  public void close() {
    nodes.forEach(node -> node.database().close());
  }
}
