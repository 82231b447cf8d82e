package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.coordinator.Protocol;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.EventPosition;
import glimt.ledger.Events;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The events of all jobs of a tenant, in one order. It begins with an event {@code open}, which has
 * the place from which on nothing is missed: who lists the jobs after it has the whole picture.
 */
final class TenantStory implements WatchedStory {
  private static final long REST = 100;

  private final RequestContext desk;
  private final Events events;
  private final SharedReads reads;
  private final EventSweep sweep;
  private final Farm farm;
  private final TenantId tenant;
  private final boolean previews;
  private final String prefix;

  /** The jobs whose live messages are passed on; each asks its workers for previews, or not. */
  private final Map<JobId, Farm.Subscription> running = new ConcurrentHashMap<>();

  private @Nullable EventPosition position;
  private boolean opened;

  /** Whether everything up to a moment ago was read, so that the next read can be shared. */
  private boolean current;

  private volatile boolean closed;

  /**
   * @param after the place after which the viewer has seen nothing; null for now
   * @param previews whether workers make previews for the viewer
   * @param prefix the path prefix of the links in events
   */
  TenantStory(
      RequestContext desk,
      Events events,
      SharedReads reads,
      EventSweep sweep,
      Farm farm,
      TenantId tenant,
      @Nullable EventPosition after,
      boolean previews,
      String prefix) {
    this.desk = desk;
    this.events = events;
    this.reads = reads;
    this.sweep = sweep;
    this.farm = farm;
    this.tenant = tenant;
    this.position = after;
    this.previews = previews;
    this.prefix = prefix;
  }

  @Override
  public Future<List<StoryEvent>> read(int limit) {
    return desk.ask(() -> readNow(limit));
  }

  private List<StoryEvent> readNow(int limit) {
    List<StoryEvent> told = new ArrayList<>();
    if (!opened) {
      told.add(open());
    }
    EventPosition seen = Objects.requireNonNull(position);
    Events.EventPage page =
        current ? reads.after(tenant, seen, limit) : events.after(tenant, seen, limit);
    opened = true;
    current = page.events().size() < limit;
    for (Events.PlacedEvent placed : page.events()) {
      told.add(told(placed));
    }
    position = page.next();
    return told;
  }

  private StoryEvent open() {
    EventPosition now = events.horizon();
    EventPosition asked = position;
    // A place beyond the last event is of another database.
    EventPosition from = asked == null || asked.xact() > now.xact() ? now : asked;
    events.running(tenant).forEach(this::follow);
    position = from;
    String id = from.toString();
    return StoryEvent.of(
        id, Json.mapper().createObjectNode().put("type", "open").put("position", id), null, false);
  }

  private StoryEvent told(Events.PlacedEvent placed) {
    JobEvent event = placed.event();
    boolean ended = event.fact() instanceof JobEvent.JobEnded;
    if (event.fact() instanceof JobEvent.JobStarted) {
      follow(event.job());
    } else if (ended) {
      Farm.Subscription over = running.remove(event.job());
      if (over != null) {
        over.close();
      }
    }
    String id = placed.position().toString();
    ObjectNode document = live(event.job(), JobDocument.event(event, prefix)).put("position", id);
    return StoryEvent.of(id, document, ended ? event.job() : null, false);
  }

  private void follow(JobId job) {
    Farm.Subscription looking = previews ? farm.watch(job, _ -> {}) : () -> {};
    Farm.Subscription before = running.put(job, looking);
    if (before != null) {
      before.close();
    }
    if (closed) {
      looking.close();
    }
  }

  @Override
  public Farm.Subscription subscribe(Consumer<Protocol.Live> viewer) {
    Farm.Subscription following =
        farm.follow(
            live -> {
              // A job that is not known here may have been submitted just now.
              if (live instanceof Protocol.Advanced || running.containsKey(live.job())) {
                viewer.accept(live);
              }
            });
    return () -> {
      closed = true;
      following.close();
      running.values().forEach(Farm.Subscription::close);
    };
  }

  @Override
  public Farm.Subscription remind(Vertx on, Runnable read) {
    return sweep.add(on, tenant, read);
  }

  @Override
  public ObjectNode live(JobId of, ObjectNode message) {
    return message.put("job", of.toString());
  }

  @Override
  public long rest() {
    return REST;
  }

  @Override
  public String toString() {
    return "tenant " + tenant;
  }
}
