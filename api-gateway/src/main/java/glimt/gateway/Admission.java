package glimt.gateway;

import glimt.job.TenantId;
import glimt.ledger.ApiKeys;
import glimt.ledger.ApiKeys.ApiKey;
import glimt.ledger.ApiKeys.Scope;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who sent a request by its key or ticket, whether they may do what they ask for, and
 * whether they ask too often. Keys are read from the ledger again after {@link #FRESH}, so that a
 * revoked one stops working everywhere soon.
 */
final class Admission {
  /** How long a key that was read is believed; well below the five seconds that are promised. */
  private static final Duration FRESH = Duration.ofSeconds(2);

  /** Far more keys than are in use at once; a flood of others only empties the cache. */
  private static final int CACHED = 10_000;

  /** {@code Bearer} is usual, {@code Key} is fal's, {@code Token} was Replicate's. */
  private static final Pattern SHOWN = Pattern.compile("(?i:Bearer|Key|Token) +(.+)");

  /** The query parameter by which a browser's WebSocket shows a ticket. */
  static final String TICKET = "ticket";

  private final RequestContext desk;
  private final ApiKeys keys;
  private final Optional<byte[]> farmKey;
  private final boolean required;
  private final Map<String, KnownKey> known = new ConcurrentHashMap<>();
  private final Map<String, RateLimit> rates = new ConcurrentHashMap<>();

  Admission(RequestContext desk, ApiKeys keys, Gateway.Address address) {
    this.desk = desk;
    this.keys = keys;
    this.farmKey = address.key().map(key -> key.getBytes(StandardCharsets.UTF_8));
    this.required = address.requireKey();
  }

  /**
   * A key as it was read.
   *
   * @param since by {@link System#nanoTime}
   */
  private record KnownKey(ApiKey key, long since) {
    boolean isFresh() {
      return System.nanoTime() - since < FRESH.toNanos();
    }
  }

  /**
   * Passes a request on to its route, or fails it.
   *
   * @param needed what its operation needs; null if it is open to everybody
   */
  void admit(RoutingContext ctx, @Nullable Scope needed) {
    if (needed == null) {
      ctx.next();
      return;
    }
    Future<Caller> caller = caller(ctx);
    if (caller.isComplete()) {
      enter(ctx, caller, needed);
      return;
    }
    // The body must wait until the route reads it, and an upgrade until the route asks for it.
    HttpServerRequest request = ctx.request().pause();
    caller.onComplete(
        _ -> {
          enter(ctx, caller, needed);
          if (!request.headers().contains(HttpHeaders.UPGRADE)) {
            request.resume();
          }
        });
  }

  private static void enter(RoutingContext ctx, Future<Caller> caller, Scope needed) {
    if (caller.failed()) {
      ctx.fail(caller.cause());
    } else if (!caller.result().may(needed)) {
      ctx.fail(
          Problem.forbidden(
                  "this needs a key with the scope %s; yours has %s"
                      .formatted(
                          JobDocument.word(needed),
                          caller.result().scopes().stream()
                              .map(JobDocument::word)
                              .sorted()
                              .toList()))
              .refusal());
    } else {
      caller.result().enter(ctx);
      ctx.next();
    }
  }

  private Future<Caller> caller(RoutingContext ctx) {
    String header = ctx.request().getHeader(HttpHeaders.AUTHORIZATION);
    Matcher form = SHOWN.matcher(header == null ? "" : header.strip());
    String shown = form.matches() ? form.group(1) : "";
    String ticket = header == null ? ctx.queryParams().get(TICKET) : null;
    if (ticket != null) {
      return desk.ask(() -> keys.use(ticket).orElseThrow(() -> stranger("the ticket").refusal()))
          .map(tenant -> new Caller(tenant, Set.of(Scope.READ), null, true));
    }
    // Compare in constant time, so that timing tells nothing about the key.
    if (farmKey.isPresent()
        && MessageDigest.isEqual(shown.getBytes(StandardCharsets.UTF_8), farmKey.get())) {
      return Future.succeededFuture(
          new Caller(TenantId.DEFAULT, Set.of(Scope.values()), null, true));
    }
    Optional<String> id = ApiKeys.idOf(shown);
    if (id.isPresent()) {
      return key(id.get()).compose(key -> caller(key.orElse(null), shown));
    }
    return required
        ? Future.failedFuture(
            Problem.stranger("this farm requires a key; send the header Authorization: Bearer KEY")
                .refusal())
        : Future.succeededFuture(Caller.ANYBODY);
  }

  private Future<Optional<ApiKey>> key(String id) {
    KnownKey at = known.get(id);
    if (at != null && at.isFresh()) {
      return Future.succeededFuture(Optional.of(at.key()));
    }
    long now = System.nanoTime();
    return desk.ask(() -> keys.find(id))
        .onSuccess(
            found -> {
              if (known.size() >= CACHED) {
                known.clear();
              }
              found.ifPresent(key -> known.put(id, new KnownKey(key, now)));
            });
  }

  private Future<Caller> caller(@Nullable ApiKey key, String shown) {
    if (key == null || !key.is(shown) || key.revoked() != null) {
      return Future.failedFuture(stranger("the key").refusal());
    }
    Double rate = key.rate();
    if (rate != null) {
      long wait =
          rates
              .compute(
                  key.id(),
                  (_, limit) -> limit == null || limit.rate() != rate ? new RateLimit(rate) : limit)
              .take();
      if (wait > 0) {
        return Future.failedFuture(Problem.tooOften(rate, wait).refusal());
      }
    }
    return Future.succeededFuture(new Caller(key.tenant(), key.scopes(), key.id(), true));
  }

  private static Problem stranger(String what) {
    return Problem.stranger(what + " is not known, or was revoked, used up or expired");
  }
}
