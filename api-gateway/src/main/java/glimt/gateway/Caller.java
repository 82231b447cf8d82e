package glimt.gateway;

import glimt.job.TenantId;
import glimt.ledger.ApiKeys.Scope;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who sent a request, as {@link Admission} found out.
 *
 * @param tenant whose jobs it sees
 * @param key the public part of its key; null if it has none or shows the farm's own
 * @param keyed whether it has shown a key or a ticket
 */
record Caller(TenantId tenant, Set<Scope> scopes, @Nullable String key, boolean keyed) {
  /** Anybody, on a farm that needs no key. */
  static final Caller ANYBODY = new Caller(TenantId.DEFAULT, Set.of(Scope.values()), null, false);

  /** Whoever shows the farm's own key. */
  private static final String OPERATOR = "operator";

  /** Whoever reaches a farm that needs no key. */
  private static final String ANYONE = "anyone";

  private static final String NAME = "caller";

  Caller {
    scopes = Set.copyOf(scopes);
  }

  /** Admins may do everything. */
  boolean may(Scope scope) {
    return scopes.contains(scope) || scopes.contains(Scope.ADMIN);
  }

  /** Who it is in the audit log: the id of its key, or a word. */
  String actor() {
    return key != null ? key : keyed ? OPERATOR : ANYONE;
  }

  void enter(RoutingContext ctx) {
    ctx.put(NAME, this);
    RequestContext.enter(this);
  }

  static Caller of(RoutingContext ctx) {
    return Objects.requireNonNull(ctx.get(NAME));
  }
}
