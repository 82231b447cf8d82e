package glimt.gateway;

import glimt.ledger.DueDelivery;
import glimt.ledger.WebhookSecrets;
import glimt.ledger.Webhooks;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is due to webhooks, by Standard Webhooks. Each gateway does; the ledger's leases keep
 * them from sending the same. An answer's status is all that is read of it, and redirections are
 * not followed, as they would lead past {@link WebhookReach}.
 */
final class WebhookSender {
  private static final Logger LOG = LoggerFactory.getLogger(WebhookSender.class);

  /** How many deliveries a gateway sends at once. */
  private static final int AT_ONCE = 64;

  /** How many deliveries are claimed at once. */
  private static final int BATCH = 16;

  private static final Duration CONNECT_WITHIN = Duration.ofSeconds(5);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(15);

  /** Longer than an attempt can take. */
  private static final Duration LEASE = Duration.ofSeconds(60);

  private static final int GONE = 410;

  private final Webhooks webhooks;
  private final WebhookSecrets secrets;
  private final WebhookBody bodies;
  private final WebhookReach reach;
  private final WebhookSchedule schedule;
  private final InstantSource clock;
  private final ExecutorService threads;
  private final HttpClient http;
  private final SecureRandom random = new SecureRandom();
  private final AtomicInteger sending = new AtomicInteger();
  private final AtomicBoolean claiming = new AtomicBoolean();

  /**
   * Does not send yet; {@link #start} does.
   *
   * @param threads virtual threads
   */
  WebhookSender(
      Vertx vertx,
      Gateway.Parts parts,
      WebhookReach reach,
      WebhookSchedule schedule,
      InstantSource clock,
      ExecutorService threads) {
    this(vertx, parts, reach, schedule, clock, threads, new HttpClientOptions());
  }

  /** Also takes what to trust, for tests. */
  WebhookSender(
      Vertx vertx,
      Gateway.Parts parts,
      WebhookReach reach,
      WebhookSchedule schedule,
      InstantSource clock,
      ExecutorService threads,
      HttpClientOptions options) {
    this.webhooks = parts.webhooks();
    this.secrets = parts.webhookSecrets();
    this.bodies = new WebhookBody(parts.jobs(), parts.events());
    this.reach = reach;
    this.schedule = schedule;
    this.clock = clock;
    this.threads = threads;
    this.http =
        vertx.createHttpClient(
            options
                .setKeepAlive(false)
                .setForceSni(true)
                .setConnectTimeout((int) CONNECT_WITHIN.toMillis()));
  }

  /** Sends what is due, and looks again every so many milliseconds. */
  void start(Vertx vertx, long every) {
    vertx.setPeriodic(every, _ -> look());
  }

  private void look() {
    if (sending.get() <= AT_ONCE - BATCH && claiming.compareAndSet(false, true)) {
      threads.execute(
          () -> {
            try {
              send(BATCH);
            } catch (RuntimeException e) {
              if (!threads.isShutdown()) {
                LOG.warn("could not look for webhooks that are due; trying again", e);
              }
            } finally {
              claiming.set(false);
            }
          });
    }
  }

  private void send(int most) {
    for (DueDelivery due : webhooks.claim(most, LEASE)) {
      sending.incrementAndGet();
      threads.execute(
          () -> {
            try {
              send(due);
            } catch (RuntimeException e) {
              LOG.warn(
                  "could not send {}; it is sent again when its lease has ended", name(due), e);
            } finally {
              sending.decrementAndGet();
            }
          });
    }
  }

  /** Makes one attempt and records what came of it; blocks. */
  void send(DueDelivery due) {
    Optional<String> body = bodies.of(due);
    if (body.isEmpty()) {
      return; // deleted with its job
    }
    Duration wish = Duration.ZERO;
    Integer status = null;
    String why;
    try {
      HookAnswer answer = post(due, body.get());
      status = answer.status();
      if (status >= 200 && status < 300) {
        webhooks.delivered(due, status);
        return;
      }
      if (status == GONE) {
        LOG.info("the receiver of {} is gone", name(due));
        webhooks.gone(due, status);
        return;
      }
      wish = answer.retryAfter();
      why = status < 400 ? "redirections are not followed" : "answered " + status;
    } catch (IOException | TimeoutException e) {
      why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the gateway closes; another one sends it
      return;
    }
    LOG.info("{} was not accepted: {}", name(due), why);
    webhooks.failed(due, status, why, schedule.after(due.tries(), wish, random));
  }

  /** Without the URL, in which there may be a secret of the receiver. */
  private static String name(DueDelivery due) {
    return "event %s of job %s".formatted(due.event().seq(), due.event().job());
  }

  private record HookAnswer(int status, Duration retryAfter) {
    static HookAnswer of(HttpClientResponse response) {
      String after = response.getHeader("Retry-After");
      boolean seconds = after != null && after.matches("\\d{1,6}");
      return new HookAnswer(
          response.statusCode(), Duration.ofSeconds(seconds ? Long.parseLong(after) : 0));
    }
  }

  private HookAnswer post(DueDelivery due, String body)
      throws IOException, TimeoutException, InterruptedException {
    URI url = URI.create(due.webhook().url());
    InetAddress address = reach.resolve(url);
    boolean tls = "https".equalsIgnoreCase(url.getScheme());
    int port = url.getPort() > 0 ? url.getPort() : tls ? 443 : 80;
    String id = WebhookBody.id(due);
    Instant now = clock.instant();
    RequestOptions request =
        new RequestOptions()
            .setMethod(HttpMethod.POST)
            .setServer(SocketAddress.inetSocketAddress(port, address.getHostAddress()))
            .setHost(url.getHost())
            .setPort(port)
            .setSsl(tls)
            .setURI(target(url))
            .setFollowRedirects(false)
            .putHeader("Content-Type", "application/json")
            .putHeader("User-Agent", "glimt")
            .putHeader("webhook-id", id)
            .putHeader("webhook-timestamp", Long.toString(now.getEpochSecond()))
            .putHeader(
                "webhook-signature",
                WebhookSignature.of(secrets.valid(due.tenant()), id, now, body));
    Future<HookAnswer> answer =
        http.request(request)
            .compose(
                sent ->
                    sent.send(Buffer.buffer(body))
                        .map(HookAnswer::of)
                        // Whatever the rest is, and however long: the connection ends here.
                        .onComplete(_ -> sent.connection().close()));
    return await(answer);
  }

  private static String target(URI url) {
    String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
    @Nullable String query = url.getRawQuery();
    return query == null ? path : path + "?" + query;
  }

  private static HookAnswer await(Future<HookAnswer> answer)
      throws IOException, TimeoutException, InterruptedException {
    try {
      return answer
          .toCompletionStage()
          .toCompletableFuture()
          .get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new IOException(cause == null ? "no answer" : String.valueOf(cause.getMessage()), e);
    } catch (TimeoutException e) {
      throw new TimeoutException(
          "no answer within %s seconds".formatted(ANSWER_WITHIN.toSeconds()));
    }
  }
}
