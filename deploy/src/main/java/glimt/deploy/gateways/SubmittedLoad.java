package glimt.deploy.gateways;

import glimt.client.GlimtClient;
import glimt.deploy.node.DeployException;
import glimt.job.JobId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients that submit small point clouds, each the next as soon as it has the answer. One that gets
 * no answer sends the same again, with the same idempotency key, to the next gateway.
 */
final class SubmittedLoad implements AutoCloseable {
  private static final long AGAIN_MILLIS = 50;
  private static final int ACCEPTED = 202;

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1));
  private final HttpClient client;
  private final List<URI> gateways;
  private final AtomicLong seeds = new AtomicLong();
  private final Queue<Double> millis = new ConcurrentLinkedQueue<>();
  private final Queue<JobId> accepted = new ConcurrentLinkedQueue<>();
  private final AtomicLong repeated = new AtomicLong();
  private volatile long deadline;

  /** What clients measured: submissions per second, and their times in milliseconds, sorted. */
  record SubmittedRate(double perSecond, double[] millis) {}

  /**
   * @param most the largest number of clients
   */
  SubmittedLoad(List<URI> gateways, int most) {
    this.gateways = List.copyOf(gateways);
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions().setKeepAlive(true).setConnectTimeout(2_000),
            new PoolOptions().setHttp1MaxSize(most));
  }

  /** Submits for a time, and returns when all clients have their answers. */
  SubmittedRate submit(int clients, double seconds) {
    millis.clear();
    long begin = System.nanoTime();
    deadline = begin + (long) (seconds * 1e9);
    List<Future<Void>> all = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      all.add(next(i));
    }
    Future.all(all).toCompletionStage().toCompletableFuture().join();
    double took = (System.nanoTime() - begin) / 1e9;
    double[] sorted = millis.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return new SubmittedRate(sorted.length / took, sorted);
  }

  /** The jobs that were accepted so far. */
  List<JobId> accepted() {
    return List.copyOf(accepted);
  }

  /** How many requests had to be sent again. */
  long repeated() {
    return repeated.get();
  }

  private Future<Void> next(int gateway) {
    if (System.nanoTime() > deadline) {
      return Future.succeededFuture();
    }
    Buffer body =
        Buffer.buffer(
            GlimtClient.object()
                .put("kind", "points")
                .put("prompt", "a pine tree")
                .put("model", "objects")
                .put("points", 1024)
                .put("seed", seeds.incrementAndGet())
                .toString());
    long begin = System.nanoTime();
    return send(gateway, body, UUID.randomUUID().toString())
        .compose(
            served -> {
              millis.add((System.nanoTime() - begin) / 1e6);
              return next(served);
            });
  }

  /** Sends a submission until a gateway accepts it, and returns which. */
  private Future<Integer> send(int gateway, Buffer body, String key) {
    URI at = gateways.get(gateway % gateways.size());
    return client
        .request(HttpMethod.POST, at.getPort(), at.getHost(), "/v1/jobs")
        .compose(
            request ->
                request
                    .putHeader("Content-Type", "application/json")
                    .putHeader("Idempotency-Key", key)
                    .send(body))
        .compose(answer -> answer.body().map(text -> accept(answer.statusCode(), text)))
        .map(_ -> gateway)
        .recover(
            e -> e instanceof DeployException ? Future.failedFuture(e) : again(gateway, body, key));
  }

  private Future<Integer> again(int gateway, Buffer body, String key) {
    repeated.incrementAndGet();
    return vertx.timer(AGAIN_MILLIS).compose(_ -> send(gateway + 1, body, key));
  }

  private boolean accept(int status, Buffer text) {
    if (status != ACCEPTED) {
      throw new DeployException("a submission was answered %s: %s".formatted(status, text));
    }
    return accepted.add(JobId.parse(new JsonObject(text).getString("id")));
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
