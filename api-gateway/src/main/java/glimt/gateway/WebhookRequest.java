package glimt.gateway;

import glimt.job.InvalidSpec;
import glimt.job.Webhook;
import glimt.job.Webhook.WebhookForm;
import io.vertx.ext.web.RoutingContext;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The fields {@code webhook} and {@code webhook_events_filter} of a request. */
final class WebhookRequest {
  private static final String URL = "webhook";
  private static final String FILTER = "webhook_events_filter";

  /** Replicate's words for groups of events. */
  private static final Map<String, List<String>> FACTS =
      new TreeMap<>(
          Map.of(
              "start", List.of("started"),
              "output", List.of("level_finished"),
              "logs", List.of("warned", "changed"),
              "completed", List.of("ended")));

  private final WebhookReach reach;

  WebhookRequest(WebhookReach reach) {
    this.reach = reach;
  }

  /**
   * Where the client wants a job's events sent; null for nowhere. Without a filter an event is sent
   * when the job ends, and whole predictions whenever something happens, as Replicate does.
   *
   * @throws InvalidSpec if a field is not valid
   */
  @Nullable Webhook of(RoutingContext ctx, Fields fields, WebhookForm form) {
    String url = fields.text(URL);
    String[] filter = fields.object(FILTER, String[].class);
    if (url == null) {
      if (filter != null && filter.length > 0) {
        throw new InvalidSpec(FILTER, "says what is sent to a webhook; give one");
      }
      return null;
    }
    reach.check(URL, url);
    return new Webhook(url, facts(filter, form), form, Links.whole(ctx, ""));
  }

  /** The webhook of a request to a queue, which is told the end. */
  @Nullable Webhook ofQueue(RoutingContext ctx, @Nullable String url) {
    if (url == null) {
      return null;
    }
    reach.check(QueueRoutes.WEBHOOK, url);
    return new Webhook(url, Set.of("ended"), WebhookForm.QUEUE, Links.whole(ctx, ""));
  }

  private static Set<String> facts(String @Nullable [] filter, WebhookForm form) {
    List<String> words =
        filter != null && filter.length > 0
            ? Arrays.asList(filter)
            : form == WebhookForm.PREDICTION ? List.copyOf(FACTS.keySet()) : List.of("completed");
    Set<String> facts = new LinkedHashSet<>();
    for (String word : words) {
      List<String> meant = FACTS.get(String.valueOf(word));
      if (meant == null) {
        throw new InvalidSpec(
            FILTER,
            "must be some of %s, not %s"
                .formatted(FACTS.keySet(), Fields.shown(String.valueOf(word))));
      }
      facts.addAll(meant);
    }
    return facts;
  }
}
