package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.Tenants;
import glimt.ledger.Tenants.Tenant;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/** The operations below {@code /v1/tenants}. */
final class TenantRoutes {
  private static final int JOBS_LIMIT = 1_000_000_000;

  private final RequestContext desk;
  private final Tenants tenants;

  TenantRoutes(RequestContext desk, Tenants tenants) {
    this.desk = desk;
    this.tenants = tenants;
  }

  Future<?> list(RoutingContext ctx) {
    return desk.ask(tenants::all)
        .compose(
            all -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode list = body.putArray("tenants");
              all.forEach(tenant -> list.add(document(tenant)));
              return RequestContext.answer(ctx, 200, body);
            });
  }

  Future<?> set(RoutingContext ctx) {
    TenantId id = new TenantId(ctx.pathParam("tenant"));
    return Body.json(ctx)
        .map(TenantChange::of)
        .compose(
            change ->
                desk.ask(
                    () -> tenants.set(id, change.weight(), change.jobs(), change.daySeconds())))
        .compose(tenant -> RequestContext.answer(ctx, 200, document(tenant)));
  }

  /** A null keeps what the tenant has. */
  private record TenantChange(
      @Nullable Double weight, @Nullable Integer jobs, @Nullable Double daySeconds) {
    static TenantChange of(Fields fields) {
      TenantChange change =
          new TenantChange(
              fields.number("weight", 1 / Tenants.WEIGHT_LIMIT, Tenants.WEIGHT_LIMIT),
              fields.whole("jobs", -1, JOBS_LIMIT),
              fields.number("day_seconds", -1, Tenants.DAY_SECONDS_LIMIT));
      fields.end();
      return change;
    }
  }

  private static ObjectNode document(Tenant tenant) {
    return Json.mapper()
        .createObjectNode()
        .put("id", tenant.id().value())
        .put("weight", tenant.weight())
        .put("jobs", tenant.jobs())
        .put("open", tenant.open())
        .put("day_seconds", tenant.daySeconds());
  }
}
