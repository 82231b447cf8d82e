package glimt.gateway;

import glimt.artifact.Artifacts;
import glimt.coordinator.Farm;
import glimt.ledger.Bundles;
import glimt.ledger.Events;
import glimt.ledger.Jobs;
import glimt.ledger.Nodes;
import glimt.ledger.Tasks;
import glimt.ledger.Workers;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.AllowForwardHeaders;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.InetAddress;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
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
   * @param publicUrls where proxies serve it, with the path below which they do
   * @param proxies the addresses from which they speak, beside this machine's own
   */
  public record Address(
      String host, int port, Optional<String> key, List<URI> publicUrls, Set<String> proxies) {
    public static final String LOOPBACK = "127.0.0.1";

    /** Shorter ones could be guessed. */
    public static final int KEY_LEAST = 20;

    public Address {
      if (key.isPresent() && key.get().length() < KEY_LEAST) {
        throw new IllegalArgumentException("a key has at least %s characters".formatted(KEY_LEAST));
      }
      if (key.isEmpty() && !Names.isLoopback(host)) {
        throw new IllegalArgumentException(
            "a gateway that listens on %s, beyond this machine, needs a key".formatted(host));
      }
      publicUrls = List.copyOf(publicUrls);
      publicUrls.forEach(Address::checkPublic);
      proxies = proxies.stream().map(Address::literal).collect(Collectors.toUnmodifiableSet());
    }

    public Address(String host, int port) {
      this(host, port, Optional.empty(), List.of(), Set.of());
    }

    private static void checkPublic(URI url) {
      boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
      if (!web
          || url.getHost() == null
          || url.getUserInfo() != null
          || url.getQuery() != null
          || url.getFragment() != null) {
        throw new IllegalArgumentException(
            "a public URL is such as https://farm.example/glimt/, not " + url);
      }
    }

    private static String literal(String address) {
      try {
        return InetAddress.ofLiteral(address).getHostAddress();
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "a proxy is named by its address, such as 10.0.0.2, not " + address, e);
      }
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
      Thumbnailer thumbnailer,
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
    this(address, parts, Watch.WatchIntervals.DEFAULT);
  }

  Gateway(Address address, Parts parts, Watch.WatchIntervals pace) {
    this.address = address;
    this.operations = Operation.all(parts, new RequestContext(parts.jobs(), threads), pace);
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
            .requestHandler(doors(started))
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

  /** One door for trusted proxies, where it is believed whom they speak for, and one for others. */
  private Handler<HttpServerRequest> doors(Vertx on) {
    Names names = new Names(address);
    AccessCheck doorstep = new AccessCheck(names, address.key());
    Router trusted = router(on, ctx -> doorstep.pass(ctx, true));
    trusted.allowForward(AllowForwardHeaders.ALL);
    Router others = router(on, ctx -> doorstep.pass(ctx, false));
    return request -> (names.trusts(request) ? trusted : others).handle(request);
  }

  private Router router(Vertx on, Handler<RoutingContext> doorstep) {
    Router router = Router.router(on);
    router.route().handler(doorstep).failureHandler(Refusals::answer);
    Map<String, Set<String>> methods = new LinkedHashMap<>();
    for (Operation operation : operations) {
      Route route = router.route(operation.route()).setName(operation.id());
      for (HttpMethod method : operation.methods()) {
        route.method(method);
        methods.computeIfAbsent(operation.route(), _ -> new LinkedHashSet<>()).add(method.name());
      }
      route.handler(operation.handler());
    }
    methods.forEach(
        (path, allowed) -> {
          allowed.add(HttpMethod.OPTIONS.name());
          router.route(path).handler(ctx -> otherwise(ctx, allowed));
        });
    router.route().handler(ctx -> ctx.fail(Problem.nothing(offered(ctx)).refusal()));
    router.errorHandler(400, Refusals::answer);
    router.errorHandler(500, Refusals::answer);
    return router;
  }

  /** What a path does with a method that no operation of it has. */
  private void otherwise(RoutingContext ctx, Set<String> allowed) {
    if (ctx.request().method().equals(HttpMethod.OPTIONS)) {
      ctx.response()
          .putHeader(HttpHeaders.ALLOW, String.join(", ", allowed))
          .setStatusCode(204)
          .end();
    } else {
      ctx.fail(Problem.method(allowed, offered(ctx)).refusal());
    }
  }

  /** What there is of a surface whose clients know more of it than we offer; else nothing. */
  private String offered(RoutingContext ctx) {
    return VideoRoutes.isBelow(ctx.request().path())
        ? operations.stream()
            .filter(operation -> VideoRoutes.isBelow(operation.path()))
            .map(operation -> operation.method() + " " + operation.path())
            .collect(Collectors.joining(", ", "; offered here: ", ""))
        : "";
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
