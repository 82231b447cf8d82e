package glimt.gateway;

import glimt.gateway.WatchedStory.StoryEvent;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.EventPosition;
import glimt.ledger.Events;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Reads events once for all viewers of a job, or of a tenant, that want the same ones at the same
 * moment, as they do after each hint; those of a job are also written as JSON once. Whoever asks
 * first waits a moment for the others, and then reads. A read that has begun is not joined: it
 * might miss what the hint was about.
 */
final class SharedReads {
  /** How long others may join. It delays an event by as much. */
  private static final long GATHERING = TimeUnit.MILLISECONDS.toNanos(1);

  private record JobRead(TenantId tenant, JobId job, String prefix, long seq, int limit) {}

  private record TenantRead(TenantId tenant, int limit) {}

  /** A read that can be joined by whoever has seen other events, before it begins. */
  private static final class JoinedRead {
    private final AtomicReference<EventPosition> from;
    private final CompletableFuture<Events.EventPage> page = new CompletableFuture<>();

    JoinedRead(EventPosition from) {
      this.from = new AtomicReference<>(from);
    }

    EventPosition from() {
      return Objects.requireNonNull(from.get(), "it has one from the beginning");
    }
  }

  private final RequestContext desk;
  private final Events events;
  private final Map<JobRead, CompletableFuture<List<StoryEvent>>> ofJobs =
      new ConcurrentHashMap<>();
  private final Map<TenantRead, JoinedRead> ofTenants = new ConcurrentHashMap<>();

  SharedReads(RequestContext desk, Events events) {
    this.desk = desk;
    this.events = events;
  }

  /**
   * As {@link Events#after}; answers on the caller's event loop. Only the first who asks needs a
   * thread.
   *
   * @param prefix the path prefix of the links in events
   */
  Future<List<StoryEvent>> after(TenantId tenant, JobId job, String prefix, long seq, int limit) {
    JobRead asked = new JobRead(tenant, job, prefix, seq, limit);
    CompletableFuture<List<StoryEvent>> mine = new CompletableFuture<>();
    CompletableFuture<List<StoryEvent>> there = ofJobs.putIfAbsent(asked, mine);
    if (there != null) {
      return RequestContext.onLoop(there);
    }
    return desk.ask(
        () -> {
          LockSupport.parkNanos(GATHERING);
          ofJobs.remove(asked);
          return read(mine, () -> told(asked));
        });
  }

  private List<StoryEvent> told(JobRead asked) {
    return events.after(asked.tenant, asked.job, asked.seq, asked.limit).stream()
        .map(event -> told(event, asked.prefix))
        .toList();
  }

  private static StoryEvent told(JobEvent event, String prefix) {
    boolean last = event.fact() instanceof JobEvent.JobEnded;
    return StoryEvent.of(
        Long.toString(event.seq()),
        JobDocument.event(event, prefix),
        last ? event.job() : null,
        last);
  }

  /**
   * As {@link Events#after}; blocks. For who is up to date but for the newest events: the read
   * begins with what the one who is farthest behind has not seen.
   */
  Events.EventPage after(TenantId tenant, EventPosition seen, int limit) {
    TenantRead asked = new TenantRead(tenant, limit);
    JoinedRead mine = new JoinedRead(seen);
    // The place is told while the entry is held, so that the reader cannot overlook it.
    JoinedRead there =
        ofTenants.compute(
            asked,
            (_, other) -> {
              if (other == null) {
                return mine;
              }
              other.from.accumulateAndGet(seen, SharedReads::earlier);
              return other;
            });
    if (there == mine) {
      LockSupport.parkNanos(GATHERING);
      ofTenants.remove(asked);
      read(mine.page, () -> events.after(tenant, mine.from(), limit));
    }
    Events.EventPage page = joined(there.page);
    if (page.events().size() >= limit) {
      return events.after(tenant, seen, limit); // it may end before what this one has seen
    }
    return new Events.EventPage(
        page.events().stream().filter(event -> event.position().compareTo(seen) > 0).toList(),
        page.next());
  }

  private static EventPosition earlier(EventPosition one, EventPosition other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private static <T> T read(CompletableFuture<T> shared, Supplier<T> query) {
    try {
      T read = query.get();
      shared.complete(read);
      return read;
    } catch (RuntimeException | Error e) {
      shared.completeExceptionally(e);
      throw e;
    }
  }

  private static <T> T joined(CompletableFuture<T> read) {
    try {
      return read.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
