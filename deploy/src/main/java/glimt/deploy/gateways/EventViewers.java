package glimt.deploy.gateways;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.DeployException;
import glimt.job.JobId;
import glimt.json.Json;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Many WebSockets that watch jobs. Each knows the number of the last event that it was sent, and
 * counts what comes out of order. One that is cut goes on at the next gateway.
 */
final class EventViewers implements AutoCloseable {
  private static final int AT_ONCE = 64;
  private static final long AGAIN_MILLIS = 100;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final long POLL = 5_000_000;

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1));
  private final Executor loop = onOneLoop(vertx.getOrCreateContext());
  private final WebSocketClient client;
  private final Semaphore opening = new Semaphore(AT_ONCE);
  private final List<EventViewer> viewers = new ArrayList<>();
  private final AtomicReference<@Nullable String> failure = new AtomicReference<>();

  /** How many connections were cut and opened again. */
  final AtomicInteger cuts = new AtomicInteger();

  private volatile boolean closing;

  /**
   * @param most the largest number of sockets
   */
  EventViewers(int most) {
    client =
        vertx.createWebSocketClient(
            new WebSocketClientOptions()
                .setMaxConnections(most)
                .setConnectTimeout(10_000)
                .setTryUsePerMessageCompression(false));
  }

  private static Executor onOneLoop(Context context) {
    return task -> context.runOnContext(_ -> task.run());
  }

  /** One socket; its fields are written on the event loop only. */
  static final class EventViewer {
    private final JobId job;
    private final List<URI> gateways;
    private int at;
    private volatile long seen;
    private volatile boolean open;
    private final AtomicInteger wrong = new AtomicInteger();
    private final List<Double> delays = new ArrayList<>();
    private @Nullable WebSocket socket;

    private EventViewer(JobId job, List<URI> gateways) {
      this.job = job;
      this.gateways = gateways;
    }

    JobId job() {
      return job;
    }

    /** The number of the last event that it was sent. */
    long seen() {
      return seen;
    }

    /** How many events came twice, too early or too late. */
    int wrong() {
      return wrong.get();
    }

    private void hear(String text) {
      Instant now = Instant.now();
      JsonNode event = Json.read(text, JsonNode.class);
      JsonNode seq = event.get("seq");
      if (seq == null) {
        return;
      }
      if (seq.longValue() != seen + 1) {
        wrong.incrementAndGet();
      }
      seen = seq.longValue();
      Instant at = Instant.parse(event.get("at").textValue());
      delays.add(ChronoUnit.MICROS.between(at, now) / 1000.0);
    }
  }

  /**
   * Opens a socket, and returns when those that are being opened are few.
   *
   * @param gateways where it is opened, and in turn, where it goes on when it is cut
   */
  EventViewer watch(JobId job, List<URI> gateways) {
    EventViewer viewer = new EventViewer(job, List.copyOf(gateways));
    viewers.add(viewer);
    opening.acquireUninterruptibly();
    connect(viewer, true);
    return viewer;
  }

  private void connect(EventViewer viewer, boolean first) {
    URI gateway = viewer.gateways.get(viewer.at % viewer.gateways.size());
    client
        .connect(
            new WebSocketConnectOptions()
                .setHost(gateway.getHost())
                .setPort(gateway.getPort())
                .setURI("/v1/jobs/%s/events?after=%s".formatted(viewer.job, viewer.seen)))
        .onSuccess(
            socket -> {
              viewer.socket = socket;
              viewer.open = true;
              socket.textMessageHandler(viewer::hear);
              socket.closeHandler(_ -> goOn(viewer));
            })
        .onFailure(
            e -> {
              if (first && !(e instanceof HttpClosedException)) {
                failure.compareAndSet(null, String.valueOf(e.getMessage()));
              } else {
                goOn(viewer);
              }
            })
        .onComplete(
            _ -> {
              if (first) {
                opening.release();
              }
            });
  }

  private void goOn(EventViewer viewer) {
    viewer.open = false;
    if (!closing) {
      cuts.incrementAndGet();
      viewer.at++;
      vertx.setTimer(AGAIN_MILLIS, _ -> connect(viewer, false));
    }
  }

  /**
   * Waits until something holds.
   *
   * @throws DeployException if it does not within two minutes, or a socket could not be opened
   */
  void await(String what, BooleanSupplier holds) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!holds.getAsBoolean()) {
      String failed = failure.get();
      if (failed != null) {
        throw new DeployException("a socket could not be opened: " + failed);
      }
      if (System.nanoTime() > end) {
        throw new DeployException(
            "waited for %s minutes: %s".formatted(PATIENCE.toMinutes(), what));
      }
      LockSupport.parkNanos(POLL);
    }
  }

  /** Waits until every viewer has been sent its job's events up to a number. */
  void awaitSeen(long number) {
    await(
        "every socket is sent event " + number,
        () -> viewers.stream().allMatch(viewer -> viewer.open && viewer.seen >= number));
  }

  /** Forgets the delays so far. */
  void begin() {
    onLoop(() -> viewers.forEach(viewer -> viewer.delays.clear()));
  }

  /** Milliseconds from the row of an event to its arrival, of all viewers, sorted. */
  double[] delays() {
    List<Double> all = new ArrayList<>();
    onLoop(() -> viewers.forEach(viewer -> all.addAll(viewer.delays)));
    return all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
  }

  int wrong() {
    return viewers.stream().mapToInt(EventViewer::wrong).sum();
  }

  /** Runs something on the one event loop, on which all viewers hear. */
  private void onLoop(Runnable what) {
    CompletableFuture.runAsync(what, loop).join();
  }

  @Override
  public void close() {
    closing = true;
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
