package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.TenantId;
import glimt.ledger.Acting;
import glimt.ledger.Answers;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.IdempotencyKey;
import glimt.ledger.Jobs;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.spi.context.storage.ContextLocal;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Helps routes to call blocking code without blocking an event loop, and to answer. */
final class RequestContext {
  /** The header that names the tenant of a request. */
  static final String TENANT = "Glimt-Tenant";

  /**
   * Who sent the request that an event loop handles. Each request has a context of its own. It must
   * be registered before Vert.x starts, as it is when this class is loaded.
   */
  private static final ContextLocal<Caller> CALLER = ContextLocal.registerLocal(Caller.class);

  private final Jobs jobs;
  private final Answers answers;
  private final ExecutorService threads;

  /**
   * @param threads virtual threads, on which calls wait for the database or a disk
   */
  RequestContext(Jobs jobs, Answers answers, ExecutorService threads) {
    this.jobs = jobs;
    this.answers = answers;
    this.threads = threads;
  }

  /** Says who sent the request that this event loop handles. */
  static void enter(Caller caller) {
    CALLER.put(Objects.requireNonNull(Vertx.currentContext()), caller);
  }

  /**
   * Calls on a thread that may block; the result arrives on the caller's event loop. What it does
   * to the ledger is done for the sender of the request that this event loop handles.
   */
  <T> Future<T> ask(Callable<T> question) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Context context = Vertx.currentContext();
    Caller caller = context == null ? null : CALLER.get(context);
    threads.execute(
        () -> {
          try {
            answer.complete(
                caller == null ? question.call() : Acting.as(caller.actor(), question::call));
          } catch (Throwable e) {
            answer.completeExceptionally(e);
          }
        });
    return onLoop(answer);
  }

  /**
   * Brings an answer from the cluster to the caller's event loop; fails with a {@link
   * java.util.concurrent.TimeoutException} if it takes longer.
   */
  <T> Future<T> within(long seconds, CompletionStage<T> answer) {
    return onLoop(answer.toCompletableFuture().copy().orTimeout(seconds, TimeUnit.SECONDS));
  }

  /** The job whose id is in the path; fails with 404 if this tenant has none. */
  Future<JobView> job(RoutingContext ctx) {
    JobId id;
    try {
      id = JobId.parse(ctx.pathParam("id"));
    } catch (IllegalArgumentException e) {
      return Future.failedFuture(noSuchJob());
    }
    TenantId tenant = tenant(ctx);
    return ask(() -> jobs.find(tenant, id).orElseThrow(RequestContext::noSuchJob));
  }

  /**
   * The tenant whose jobs a request sees: its key's, unless an admin names another by a header. On
   * a farm that needs no key nobody may, as anybody could name any tenant.
   *
   * @throws Problem.ProblemException if it names a tenant and may not
   */
  static TenantId tenant(RoutingContext ctx) {
    String named = ctx.request().getHeader(TENANT);
    Caller caller = Caller.of(ctx);
    if (named == null || named.equals(caller.tenant().value())) {
      return caller.tenant();
    }
    if (!caller.keyed()) {
      throw Problem.invalid(
              TENANT,
              "is believed only on a farm with a key (--key-file), since anybody could send it")
          .refusal();
    }
    if (!caller.may(Scope.ADMIN)) {
      throw Problem.invalid(
              TENANT, "must be %s, as your key is that tenant's".formatted(caller.tenant()))
          .refusal();
    }
    return new TenantId(named);
  }

  /**
   * The client's idempotency key, which is of one route; null if it sent none.
   *
   * @throws glimt.job.InvalidSpec if it is not valid
   */
  static @Nullable String key(RoutingContext ctx) {
    String key = ctx.request().getHeader(Problem.IDEMPOTENCY_KEY);
    String route = ctx.currentRoute().getName();
    // The oldest route has its keys as they are, so that those from before others had any still
    // hold.
    return key == null || route.equals("submitJob") ? key : IdempotencyKey.of(route, key);
  }

  /**
   * Answers a request that made something. With an idempotency key, its repetitions are given the
   * same answer.
   */
  Future<Void> answerOnce(RoutingContext ctx, int status, JsonNode body) {
    String key = key(ctx);
    if (key == null) {
      return answer(ctx, status, body);
    }
    TenantId tenant = tenant(ctx);
    return ask(() -> answers.once(tenant, key, new Answers.Answer(status, body.toString())))
        .compose(stored -> answer(ctx, stored.status(), stored.body()));
  }

  static Problem.ProblemException noSuchJob() {
    return Problem.notFound("there is no such job").refusal();
  }

  /** A router's handler that runs a route and passes its failure on. */
  static Handler<RoutingContext> answering(Function<RoutingContext, Future<?>> route) {
    return ctx -> {
      Future<?> answer;
      try {
        answer = route.apply(ctx);
      } catch (RuntimeException e) {
        ctx.fail(e);
        return;
      }
      answer.onFailure(ctx::fail);
    };
  }

  static Future<Void> answer(RoutingContext ctx, int status, JsonNode body) {
    return answer(ctx, status, body.toString());
  }

  private static Future<Void> answer(RoutingContext ctx, int status, String body) {
    return end(
        ctx.response()
            .setStatusCode(status)
            .putHeader("Content-Type", "application/json")
            .putHeader("Cache-Control", "no-store"),
        Buffer.buffer(body));
  }

  /** Ends an answer with an explicit length, so that HEAD reports it too. */
  static Future<Void> end(HttpServerResponse response, Buffer body) {
    return response
        .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()))
        .end(body);
  }

  /** Brings an answer to the caller's event loop. */
  static <T> Future<T> onLoop(CompletionStage<T> answer) {
    Context context = Vertx.currentContext();
    return context == null
        ? Future.fromCompletionStage(answer)
        : Future.fromCompletionStage(answer, context);
  }
}
