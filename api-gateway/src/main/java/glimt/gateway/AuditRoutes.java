package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import glimt.ledger.AuditLog;
import glimt.ledger.AuditLog.AuditEntry;
import glimt.ledger.AuditLog.ChainHead;
import glimt.ledger.AuditLog.ChainVerdict;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The operations below {@code /v1/audit}. */
final class AuditRoutes {
  private static final int LIST_LIMIT = 1000;
  private static final int LIST_DEFAULT = 100;
  private static final Pattern HEAD = Pattern.compile("(\\d{1,18}):([0-9a-f]{64})");

  private final RequestContext desk;
  private final AuditLog log;

  AuditRoutes(RequestContext desk, AuditLog log) {
    this.desk = desk;
    this.log = log;
  }

  Future<?> list(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    int limit = Objects.requireNonNullElse(query.whole("limit", 1, LIST_LIMIT), LIST_DEFAULT);
    String before = query.text("before");
    String subject = query.text("subject");
    String by = query.text("by");
    query.end();
    return desk.ask(() -> log.entries(id(before), subject, by, limit))
        .compose(
            entries -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode all = body.putArray("entries");
              entries.forEach(entry -> all.add(document(entry)));
              return RequestContext.answer(ctx, 200, body);
            });
  }

  /** Chooses how prompts are written from now on. */
  Future<?> keepPrompts(RoutingContext ctx) {
    return Body.json(ctx)
        .map(
            fields -> {
              Boolean plain = fields.flag("plain");
              fields.end();
              if (plain == null) {
                throw new InvalidSpec("plain", "must be true or false");
              }
              return plain;
            })
        .compose(
            plain ->
                desk.ask(
                    () -> {
                      log.keepPrompts(plain);
                      return Json.mapper().createObjectNode().put("plain", plain);
                    }))
        .compose(body -> RequestContext.answer(ctx, 200, body));
  }

  /** Links what waits, and computes the whole chain anew. */
  Future<?> verify(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    ChainHead kept = head(query.text("kept"));
    query.end();
    return Body.none(ctx)
        .compose(
            _ ->
                desk.ask(
                    () -> {
                      log.link();
                      return log.verify(kept);
                    }))
        .compose(verdict -> RequestContext.answer(ctx, 200, document(verdict)));
  }

  private static long id(@Nullable String before) {
    if (before == null) {
      return Long.MAX_VALUE;
    }
    try {
      return Long.parseLong(before);
    } catch (NumberFormatException e) {
      throw new InvalidSpec("before", "must be the id of an entry");
    }
  }

  private static @Nullable ChainHead head(@Nullable String kept) {
    if (kept == null) {
      return null;
    }
    Matcher head = HEAD.matcher(kept);
    if (!head.matches()) {
      throw new InvalidSpec("kept", "must be a head that an earlier verification returned");
    }
    return new ChainHead(Long.parseLong(head.group(1)), head.group(2));
  }

  private static ObjectNode document(ChainVerdict verdict) {
    ObjectNode body =
        Json.mapper()
            .createObjectNode()
            .put("intact", verdict.faults().isEmpty())
            .put("linked", verdict.head().number())
            .put("waiting", verdict.waiting())
            .put("head", verdict.head().number() + ":" + verdict.head().hash());
    verdict.faults().forEach(body.putArray("faults")::add);
    return body;
  }

  private static ObjectNode document(AuditEntry entry) {
    ObjectNode body =
        Json.mapper()
            .createObjectNode()
            .put("id", entry.id())
            .put("at", entry.at().toString())
            .put("tenant", entry.tenant())
            .put("act", entry.act())
            .put("subject", entry.subject());
    JsonNode detail = Json.read(entry.detail(), JsonNode.class);
    body.put("by", detail.path("by").textValue()).set("detail", detail);
    return body.put("number", entry.number()).put("hash", entry.hash());
  }
}
