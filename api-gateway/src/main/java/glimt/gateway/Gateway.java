package glimt.gateway;

import glimt.artifact.Artifacts;
import glimt.coordinator.Farm;
import glimt.ledger.Answers;
import glimt.ledger.ApiKeys;
import glimt.ledger.AuditLog;
import glimt.ledger.Bundles;
import glimt.ledger.Events;
import glimt.ledger.Forecasts;
import glimt.ledger.Jobs;
import glimt.ledger.Nodes;
import glimt.ledger.Signers;
import glimt.ledger.Tasks;
import glimt.ledger.Tenants;
import glimt.ledger.Uploads;
import glimt.ledger.Usage;
import glimt.ledger.WebhookSecrets;
import glimt.ledger.Webhooks;
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
import java.time.InstantSource;
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
 * The farm's HTTP server: the API that {@code openapi.yaml} specifies, and the web page. It has no
 * state besides its connections, so any number of gateways may serve one farm.
 */
public final class Gateway implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  private static final int LOOPS = 2;
  static final int URI_LIMIT = 4 * 1024;
  static final int HEADERS_LIMIT = 16 * 1024;
  private static final int IDLE_SECONDS = 60;
  private static final long PATIENCE_SECONDS = 10;

  /** How long a gateway that closes waits for answers that have begun. */
  private static final long GRACE_SECONDS = 3;

  /**
   * Where a gateway listens, and which requests it accepts.
   *
   * @param host a name or address of this machine
   * @param port 0 for any free port
   * @param key a key that may do everything, beside those in the ledger; empty for none
   * @param publicUrls the URLs, with their paths, at which proxies serve the gateway
   * @param proxies IP addresses of trusted proxies, besides this machine's own
   * @param requireKey whether every request must carry this key or one of the ledger's
   * @param reach where webhooks may be sent
   */
  public record Address(
      String host,
      int port,
      Optional<String> key,
      List<URI> publicUrls,
      Set<String> proxies,
      boolean requireKey,
      WebhookReach reach) {
    public static final String LOOPBACK = "127.0.0.1";

    /** The least number of characters of a key: a shorter one could be guessed. */
    public static final int KEY_LEAST = 20;

    /**
     * @throws IllegalArgumentException if the key is too short or missing, or a URL or an address
     *     is not valid
     */
    public Address {
      if (key.isPresent() && key.get().length() < KEY_LEAST) {
        throw new IllegalArgumentException(
            "the key is too short: it must have at least %s characters".formatted(KEY_LEAST));
      }
      requireKey = requireKey || key.isPresent();
      if (!requireKey && !Names.isLoopback(host)) {
        throw new IllegalArgumentException(
            "other machines can reach a gateway that listens on %s, so it needs a key"
                .formatted(host));
      }
      publicUrls = List.copyOf(publicUrls);
      publicUrls.forEach(Address::checkPublic);
      proxies = proxies.stream().map(Address::literal).collect(Collectors.toUnmodifiableSet());
    }

    /** Requires a key if one is given. */
    public Address(
        String host, int port, Optional<String> key, List<URI> publicUrls, Set<String> proxies) {
      this(host, port, key, publicUrls, proxies, false);
    }

    /** Sends webhooks to public addresses only. */
    public Address(
        String host,
        int port,
        Optional<String> key,
        List<URI> publicUrls,
        Set<String> proxies,
        boolean requireKey) {
      this(host, port, key, publicUrls, proxies, requireKey, WebhookReach.PUBLIC);
    }

    /** The same, but for where webhooks may be sent. */
    public Address reaching(WebhookReach other) {
      return new Address(host, port, key, publicUrls, proxies, requireKey, other);
    }

    /** Without a key, public URLs and trusted proxies on other machines. */
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
            "a public URL must look like https://farm.example/glimt/, not like " + url);
      }
    }

    private static String literal(String address) {
      try {
        return InetAddress.ofLiteral(address).getHostAddress();
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "a proxy must be given by its IP address, such as 10.0.0.2, not " + address, e);
      }
    }

    /** Omits the key, to keep it out of logs. */
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * What a gateway reads and writes.
   *
   * @param samplers the names of the samplers that a job may request
   */
  public record Parts(
      Jobs jobs,
      Tenants tenants,
      ApiKeys keys,
      Usage usage,
      Forecasts forecasts,
      Answers answers,
      Uploads uploads,
      Webhooks webhooks,
      WebhookSecrets webhookSecrets,
      Tasks tasks,
      Events events,
      Artifacts artifacts,
      Bundles bundles,
      Workers workers,
      Nodes nodes,
      Farm farm,
      Thumbnailer thumbnailer,
      Inspector inspector,
      PromptCheck prompts,
      AuditLog audit,
      Signers signers,
      List<String> samplers) {
    public Parts {
      samplers = List.copyOf(samplers);
    }
  }

  private final Address address;
  private final ApiKeys keys;
  private final Admission admission;
  private final List<Operation> operations;
  private final Parts parts;
  private final Watch.WatchIntervals pace;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private @Nullable Vertx vertx;
  private @Nullable HttpServer server;

  /** Does not listen yet; {@link #start} does. */
  public Gateway(Address address, Parts parts) {
    this(address, parts, Watch.WatchIntervals.DEFAULT);
  }

  Gateway(Address address, Parts parts, Watch.WatchIntervals pace) {
    this.address = address;
    this.parts = parts;
    this.pace = pace;
    this.keys = parts.keys();
    RequestContext desk = new RequestContext(parts.jobs(), parts.answers(), threads);
    this.admission = new Admission(desk, keys, address);
    this.operations = Operation.all(parts, desk, address.reach(), pace);
  }

  /**
   * Starts to listen, and returns when connections are accepted.
   *
   * @return the URL by which this machine reaches the gateway
   * @throws GatewayException if it cannot listen, for example because the port is in use, or
   *     requires a key and there is none
   */
  public URI start() {
    if (address.requireKey() && address.key().isEmpty() && !keys.hasAdmin()) {
      throw new GatewayException(
          "requests need a key, but the farm has none that may administer it; make one with `glimt"
              + " key create --scopes submit,read,admin` while a gateway listens on loopback, or"
              + " give --key-file",
          null);
    }
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
      new WebhookSender(
              started,
              parts,
              address.reach(),
              WebhookSchedule.USUAL,
              InstantSource.system(),
              threads)
          .start(started, pace.readEvery());
      int port = server.actualPort();
      return URI.create("http://%s:%s".formatted(reachable(address.host()), port));
    } catch (Exception e) {
      close();
      throw new GatewayException(
          "cannot listen on %s:%s: %s".formatted(address.host(), address.port(), e.getMessage()),
          e);
    }
  }

  /** Stops listening, finishes the answers that have begun, and closes every connection. */
  @Override
  public void close() {
    HttpServer listening = server;
    server = null;
    if (listening != null) {
      try {
        await(listening.shutdown(GRACE_SECONDS, TimeUnit.SECONDS));
      } catch (Exception e) {
        LOG.warn("the HTTP server did not shut down cleanly", e);
      }
    }
    Vertx running = vertx;
    vertx = null;
    if (running != null) {
      try {
        await(running.close());
      } catch (Exception e) {
        LOG.warn("Vert.x did not close cleanly", e);
      }
    }
    threads.shutdownNow();
  }

  /** The operations of the contract, in its order. */
  List<Operation> operations() {
    return operations;
  }

  /**
   * Routes requests from trusted proxies and from others separately, as forwarding headers are
   * believed only from the former.
   */
  private Handler<HttpServerRequest> doors(Vertx on) {
    Names names = new Names(address);
    AccessCheck doorstep = new AccessCheck(names);
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
      route.handler(ctx -> admission.admit(ctx, operation.scope()));
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

  /** Answers methods that no operation of the path has. */
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

  /**
   * Below the paths of OpenAI's API, a list of the operations there, for its clients: they know
   * more operations than this gateway has. Empty elsewhere.
   */
  private String offered(RoutingContext ctx) {
    return Refusals.isOpenAi(ctx.request().path())
        ? operations.stream()
            .filter(operation -> Refusals.isOpenAi(operation.path()))
            .map(operation -> operation.method() + " " + operation.path())
            .collect(Collectors.joining(", ", "; this API has ", ""))
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
        // HTTP/1.1 is enough for every client, and one protocol is less to defend.
        .setHttp2ClearTextEnabled(false)
        // Previews are compressed already, and a small compressed frame could expand to a huge one.
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
      throw new TimeoutException("not done after %s seconds".formatted(PATIENCE_SECONDS));
    }
  }
}
