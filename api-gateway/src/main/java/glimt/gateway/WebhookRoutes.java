package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.TenantId;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.ledger.Delivery;
import glimt.ledger.WebhookSecrets;
import glimt.ledger.Webhooks;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The operations on the webhooks of jobs, and on what they are signed with. */
final class WebhookRoutes {
  /** The path at which Replicate's clients look for the secret. */
  static final String SECRET = "/v1/webhooks/default/secret";

  private final RequestContext desk;
  private final Webhooks webhooks;
  private final WebhookSecrets secrets;

  WebhookRoutes(RequestContext desk, Webhooks webhooks, WebhookSecrets secrets) {
    this.desk = desk;
    this.webhooks = webhooks;
    this.secrets = secrets;
  }

  Future<?> secret(RoutingContext ctx) {
    TenantId tenant = RequestContext.tenant(ctx);
    return desk.ask(() -> secrets.current(tenant)).compose(key -> answer(ctx, key));
  }

  Future<?> rotate(RoutingContext ctx) {
    TenantId tenant = RequestContext.tenant(ctx);
    return Body.none(ctx)
        .compose(_ -> desk.ask(() -> secrets.rotate(tenant)))
        .compose(key -> answer(ctx, key));
  }

  private static Future<?> answer(RoutingContext ctx, String secret) {
    return RequestContext.answer(ctx, 200, Json.mapper().createObjectNode().put("key", secret));
  }

  Future<?> find(RoutingContext ctx) {
    return desk.job(ctx)
        .compose(
            job ->
                desk.ask(
                    () ->
                        document(
                            webhooks
                                .of(job.tenant(), job.id())
                                .orElseThrow(
                                    () -> Problem.notFound("the job has no webhook").refusal()),
                            webhooks.deliveries(job.tenant(), job.id()))))
        .compose(body -> RequestContext.answer(ctx, 200, body));
  }

  Future<?> replay(RoutingContext ctx) {
    String number = ctx.pathParam("seq");
    return Body.none(ctx)
        .compose(_ -> desk.job(ctx))
        .compose(
            job ->
                desk.ask(
                    () ->
                        (number.matches("[1-9][0-9]{0,8}")
                                ? webhooks.replay(job.tenant(), job.id(), Long.parseLong(number))
                                : Optional.<Delivery>empty())
                            .orElseThrow(
                                () ->
                                    Problem.notFound(
                                            "no event of the job with this number was sent")
                                        .refusal())))
        .compose(delivery -> RequestContext.answer(ctx, 200, document(delivery)));
  }

  private static ObjectNode document(Webhook webhook, List<Delivery> deliveries) {
    ObjectNode out = Json.mapper().createObjectNode().put("url", webhook.url());
    webhook.facts().stream().sorted().forEach(out.putArray("events")::add);
    ArrayNode all = out.putArray("deliveries");
    deliveries.forEach(delivery -> all.add(document(delivery)));
    return out;
  }

  private static ObjectNode document(Delivery delivery) {
    return Json.mapper()
        .createObjectNode()
        .put("seq", delivery.seq())
        .put("state", delivery.outcome() == null ? "waiting" : JobDocument.word(delivery.outcome()))
        .put("attempts", delivery.attempts())
        .put("tried", Objects.toString(delivery.tried(), null))
        .put("due", Objects.toString(delivery.due(), null))
        .put("status", delivery.status())
        .put("failure", delivery.failure());
  }
}
