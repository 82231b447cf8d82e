package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.job.TenantId;
import glimt.job.Timings;
import glimt.json.EnumWord;
import glimt.json.Json;
import glimt.ledger.Usage;
import glimt.ledger.Usage.DeviceUse;
import glimt.ledger.Usage.UsageKey;
import glimt.ledger.Usage.WorkerUse;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.time.Clock;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The operations below {@code /v1/usage}: where the seconds of the devices went. */
final class UsageRoutes {
  /** Without a first day, the last so many days are added up. */
  private static final int DAYS = 30;

  private final RequestContext desk;
  private final Usage usage;

  UsageRoutes(RequestContext desk, Usage usage) {
    this.desk = desk;
    this.usage = usage;
  }

  /** Days of UTC, both included. */
  private record Days(LocalDate from, LocalDate to) {
    static Days of(Fields query) {
      LocalDate today = LocalDate.now(Clock.systemUTC());
      LocalDate to = Objects.requireNonNullElse(day(query, "to"), today);
      LocalDate from = Objects.requireNonNullElse(day(query, "from"), to.minusDays(DAYS));
      if (from.isAfter(to)) {
        throw new InvalidSpec("from", "must not be after 'to', which is " + to);
      }
      return new Days(from, to);
    }

    private static @Nullable LocalDate day(Fields query, String name) {
      String text = query.text(name);
      if (text == null) {
        return null;
      }
      try {
        LocalDate day = LocalDate.parse(text);
        if (day.getYear() >= 1970 && day.getYear() <= 9999) {
          return day;
        }
      } catch (DateTimeParseException _) {
        // Refused below.
      }
      throw new InvalidSpec(name, "must be a day such as 2026-01-31");
    }
  }

  Future<?> usage(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    UsageKey key =
        Objects.requireNonNullElse(
            query.choice("by", List.of(UsageKey.values()), EnumWord::of), UsageKey.TENANT);
    Days days = Days.of(query);
    query.end();
    // By tenant it is for who runs the farm, as the list of tenants is.
    TenantId whose = key == UsageKey.TENANT ? null : RequestContext.tenant(ctx);
    return desk.ask(() -> usage.by(key, whose, days.from(), days.to()))
        .compose(
            all -> {
              ObjectNode body = Json.mapper().createObjectNode();
              body.put("by", EnumWord.of(key));
              body.put("from", days.from().toString()).put("to", days.to().toString());
              ArrayNode list = body.putArray("usage");
              all.forEach(use -> list.add(document(key, use)));
              return RequestContext.answer(ctx, 200, body);
            });
  }

  Future<?> workers(RoutingContext ctx) {
    Fields query = Fields.ofForm(ctx.queryParams().entries());
    Days days = Days.of(query);
    query.end();
    return desk.ask(() -> usage.workers(days.from()))
        .compose(
            all -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode list = body.putArray("workers");
              all.forEach(use -> list.add(document(use)));
              return RequestContext.answer(ctx, 200, body);
            });
  }

  private static ObjectNode document(UsageKey key, DeviceUse use) {
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put(EnumWord.of(key), use.key())
            .put("attempts", use.attempts())
            .put("seconds", use.seconds())
            .put("useful", use.useful())
            .put("preempted", use.preempted())
            .put("lost", use.lost());
    out.set("timings", timings(use.timings()).put("unknown", use.unknown()));
    return out;
  }

  static ObjectNode timings(Timings timings) {
    return Json.mapper()
        .createObjectNode()
        .put("load", timings.load())
        .put("encode", timings.encode())
        .put("denoise", timings.denoise())
        .put("decode", timings.decode())
        .put("write", timings.write())
        .put("checkpoint", timings.checkpoint())
        .put("waiting", timings.waiting());
  }

  private static ObjectNode document(WorkerUse use) {
    return Json.mapper()
        .createObjectNode()
        .put("worker", use.worker())
        .put("device", use.device())
        .put("life", use.life())
        .put("busy", use.busy())
        .put("idle", use.idle())
        .put("other", use.other())
        .put("unaccounted", use.unaccounted());
  }
}
