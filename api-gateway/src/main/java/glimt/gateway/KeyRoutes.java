package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.ApiKeys;
import glimt.ledger.ApiKeys.ApiKey;
import glimt.ledger.ApiKeys.Scope;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The operations below {@code /v1/keys}, and the one that makes tickets. */
final class KeyRoutes {
  private final RequestContext desk;
  private final ApiKeys keys;

  KeyRoutes(RequestContext desk, ApiKeys keys) {
    this.desk = desk;
    this.keys = keys;
  }

  Future<?> create(RoutingContext ctx) {
    return Body.json(ctx)
        .map(KeyRequest::of)
        .compose(
            asked ->
                desk.ask(
                    () -> keys.create(asked.tenant(), asked.scopes(), asked.rate(), asked.label())))
        .compose(
            made ->
                RequestContext.answer(ctx, 201, document(made.key()).put("key", made.secret())));
  }

  Future<?> list(RoutingContext ctx) {
    return desk.ask(keys::all)
        .compose(
            all -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode list = body.putArray("keys");
              all.forEach(key -> list.add(document(key)));
              return RequestContext.answer(ctx, 200, body);
            });
  }

  Future<?> revoke(RoutingContext ctx) {
    return Body.none(ctx)
        .compose(
            _ ->
                desk.ask(
                    () ->
                        keys.revoke(ctx.pathParam("key"))
                            .orElseThrow(() -> Problem.notFound("there is no such key").refusal())))
        .compose(key -> RequestContext.answer(ctx, 200, document(key)));
  }

  /** A ticket, with which a browser opens one stream of events in place of a key. */
  Future<?> ticket(RoutingContext ctx) {
    TenantId tenant = RequestContext.tenant(ctx);
    String key = Caller.of(ctx).key();
    return Body.none(ctx)
        .compose(_ -> desk.ask(() -> keys.ticket(tenant, key)))
        .compose(
            ticket ->
                RequestContext.answer(
                    ctx,
                    201,
                    Json.mapper()
                        .createObjectNode()
                        .put("ticket", ticket.secret())
                        .put("expires", ticket.expires().toString())));
  }

  private record KeyRequest(
      TenantId tenant, Set<Scope> scopes, @Nullable Double rate, String label) {
    static KeyRequest of(Fields fields) {
      KeyRequest asked =
          new KeyRequest(
              new TenantId(
                  Objects.requireNonNullElse(fields.text("tenant"), TenantId.DEFAULT.value())),
              scopes(fields.object("scopes", String[].class)),
              fields.number("rate", 0, ApiKeys.RATE_LIMIT),
              Objects.requireNonNullElse(fields.text("label"), ""));
      fields.end();
      return asked;
    }

    private static Set<Scope> scopes(String @Nullable [] words) {
      Set<Scope> scopes = EnumSet.noneOf(Scope.class);
      for (String word : words == null ? new String[] {"submit", "read"} : words) {
        scopes.add(
            List.of(Scope.values()).stream()
                .filter(scope -> Objects.equals(JobDocument.word(scope), word))
                .findFirst()
                .orElseThrow(
                    () ->
                        new InvalidSpec(
                            "scopes",
                            "must be some of submit, read, admin, not "
                                + Fields.shown(String.valueOf(word)))));
      }
      return scopes;
    }
  }

  private static ObjectNode document(ApiKey key) {
    ObjectNode out =
        Json.mapper().createObjectNode().put("id", key.id()).put("tenant", key.tenant().value());
    ArrayNode scopes = out.putArray("scopes");
    key.scopes().stream().sorted().map(JobDocument::word).forEach(scopes::add);
    return out.put("rate", key.rate())
        .put("label", key.label())
        .put("created", key.created().toString())
        .put("revoked", Objects.toString(key.revoked(), null));
  }
}
