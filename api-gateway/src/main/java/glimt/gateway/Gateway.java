package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.storage.Artifacts;
import glimt.storage.Bundles;
import glimt.storage.Events;
import glimt.storage.Jobs;
import glimt.storage.Nodes;
import glimt.storage.Tasks;
import glimt.storage.Workers;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The farm's front: HTTP, as {@code openapi.yaml} has it, and the page. Holds nothing but
 * connections, so any number of gateways may serve one farm.
 */
public final class Gateway implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  private static final int LOOPS = 2;
  private static final int URI_LIMIT = 4 * 1024;
  private static final int HEADERS_LIMIT = 16 * 1024;
  private static final int IDLE_SECONDS = 60;
  private static final long PATIENCE_SECONDS = 10;

  /** How long answers that have begun may take when the gateway is closed. */
  private static final long GRACE_SECONDS = 3;

  /**
   * Where to listen, and to whom.
   *
   * @param host a name or address of this machine
   * @param port 0 for any that is free
   * @param key what every request has to show, if it has to show any
   */
  public record Address(String host, int port, Optional<String> key) {
    public static final String LOOPBACK = "127.0.0.1";

    /** Shorter ones could be guessed. */
    public static final int KEY_LEAST = 20;

    public Address {
      if (key.isPresent() && key.get().length() < KEY_LEAST) {
        throw new IllegalArgumentException("a key has at least %s characters".formatted(KEY_LEAST));
      }
      if (key.isEmpty() && !Doorstep.isLoopback(host)) {
        throw new IllegalArgumentException(
            "a gateway that listens on %s, beyond this machine, needs a key".formatted(host));
      }
    }

    public Address(String host, int port) {
      this(host, port, Optional.empty());
    }

    /** Keeps the key out of logs. */
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * What a gateway speaks for.
   *
   * @param samplers the names a job may ask for
   */
  public record Parts(
      Jobs jobs,
      Tasks tasks,
      Events events,
      Artifacts artifacts,
      Bundles bundles,
      Workers workers,
      Nodes nodes,
      Farm farm,
      List<String> samplers) {
    public Parts {
      samplers = List.copyOf(samplers);
    }
  }

  private final Address address;
  private final List<Operation> operations;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private @Nullable Vertx vertx;
  private @Nullable HttpServer server;

  public Gateway(Address address, Parts parts) {
    this(address, parts, Watch.Pace.DEFAULT);
  }

  Gateway(Address address, Parts parts, Watch.Pace pace) {
    this.address = address;
    this.operations = Operation.all(parts, new Desk(parts.jobs(), threads), pace);
  }

  /**
   * Returns when connections are accepted.
   *
   * @return where it is reached from this machine
   * @throws GatewayException if it cannot listen there, say because the port is in use
   */
  public URI start() {
    Vertx started =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(LOOPS)
                .setWorkerPoolSize(LOOPS)
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)));
    vertx = started;
    Future<HttpServer> listening =
        started
            .createHttpServer(options())
            .requestHandler(router(started))
            .invalidRequestHandler(Refusals::framing)
            .listen();
    try {
      server = await(listening);
      int port = server.actualPort();
      return URI.create("http://%s:%s".formatted(reachable(address.host()), port));
    } catch (Exception e) {
      close();
      throw new GatewayException(
          "listen on %s:%s: %s".formatted(address.host(), address.port(), e.getMessage()), e);
    }
  }

  /** Stops listening, finishes what it was answering, and ends every connection. */
  @Override
  public void close() {
    HttpServer listening = server;
    server = null;
    if (listening != null) {
      try {
        await(listening.shutdown(GRACE_SECONDS, TimeUnit.SECONDS));
      } catch (Exception e) {
        LOG.warn("stopped listening in disorder", e);
      }
    }
    Vertx running = vertx;
    vertx = null;
    if (running != null) {
      try {
        await(running.close());
      } catch (Exception e) {
        LOG.warn("closed in disorder", e);
      }
    }
    threads.shutdownNow();
  }

  /** What the contract offers, in its order. */
  List<Operation> operations() {
    return operations;
  }

  private Router router(Vertx on) {
    Router router = Router.router(on);
    Route everything = router.route();
    everything.handler(new Doorstep(address)::pass).failureHandler(Refusals::answer);
    Map<String, List<String>> methods = new LinkedHashMap<>();
    for (Operation operation : operations) {
      router
          .route(operation.method(), operation.route())
          .handler(operation.handler())
          .setName(operation.id());
      methods
          .computeIfAbsent(operation.route(), _ -> new ArrayList<>())
          .add(operation.method().name());
    }
    methods.forEach(
        (path, allowed) ->
            router.route(path).handler(ctx -> ctx.fail(Problem.method(allowed).refusal())));
    router.route().handler(ctx -> ctx.fail(Problem.notFound("there is nothing here").refusal()));
    router.errorHandler(400, Refusals::answer);
    router.errorHandler(500, Refusals::answer);
    return router;
  }

  private HttpServerOptions options() {
    return new HttpServerOptions()
        .setHost(address.host())
        .setPort(address.port())
        .setMaxInitialLineLength(URI_LIMIT)
        .setMaxHeaderSize(HEADERS_LIMIT)
        .setMaxFormAttributeSize(Body.LIMIT)
        .setMaxFormBufferedBytes(Body.LIMIT)
        .setIdleTimeout(IDLE_SECONDS)
        .setIdleTimeoutUnit(TimeUnit.SECONDS)
        .setHandle100ContinueAutomatically(true)
        // One way to talk to it is enough to defend.
        .setHttp2ClearTextEnabled(false)
        // Previews are compressed already, and a small frame may unpack to a large one.
        .setPerFrameWebSocketCompressionSupported(false)
        .setPerMessageWebSocketCompressionSupported(false);
  }

  private static String reachable(String host) {
    return switch (host) {
      case "0.0.0.0", "::" -> Address.LOOPBACK;
      default -> host.contains(":") ? "[" + host + "]" : host;
    };
  }

  private static <T> T await(Future<T> future) throws Exception {
    try {
      return future
          .toCompletionStage()
          .toCompletableFuture()
          .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new TimeoutException("took longer than %s seconds".formatted(PATIENCE_SECONDS));
    }
  }
}
