package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.Events;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices events of watched jobs of which no hint came. It asks the ledger once for all of them, so
 * that ten thousand quiet viewers cost one statement, and not ten thousand. Those who watch all
 * jobs of a tenant read at one moment, and so once, by {@link SharedReads}.
 */
final class EventSweep {
  private static final Logger LOG = LoggerFactory.getLogger(EventSweep.class);

  private final RequestContext desk;
  private final Events events;
  private final long everyMillis;
  private final Map<JobId, List<SweptViewer>> viewers = new ConcurrentHashMap<>();
  private final Map<TenantId, List<Runnable>> tenants = new ConcurrentHashMap<>();
  private final AtomicBoolean started = new AtomicBoolean();
  private final AtomicBoolean sweeping = new AtomicBoolean();

  /**
   * Someone who watches a job.
   *
   * @param seen the number of the last event that was read for it
   * @param read called on another thread if there are newer ones
   */
  private record SweptViewer(LongSupplier seen, Runnable read) {}

  EventSweep(RequestContext desk, Events events, long everyMillis) {
    this.desk = desk;
    this.events = events;
    this.everyMillis = everyMillis;
  }

  /**
   * Calls {@code read} whenever a job has events after {@code seen}, until the result is closed.
   *
   * @param on whose timer starts the sweeps
   */
  Farm.Subscription add(Vertx on, JobId job, LongSupplier seen, Runnable read) {
    return add(on, viewers, job, new SweptViewer(seen, read));
  }

  /**
   * Calls {@code read} at every sweep, with all others of the tenant, until the result is closed.
   */
  Farm.Subscription add(Vertx on, TenantId tenant, Runnable read) {
    return add(on, tenants, tenant, read);
  }

  private <K, V> Farm.Subscription add(Vertx on, Map<K, List<V>> watched, K key, V viewer) {
    watched.compute(
        key,
        (_, all) -> {
          List<V> now = all == null ? new CopyOnWriteArrayList<>() : all;
          now.add(viewer);
          return now;
        });
    if (started.compareAndSet(false, true)) {
      on.setPeriodic(everyMillis, _ -> sweep());
    }
    return () ->
        watched.computeIfPresent(
            key,
            (_, all) -> {
              all.remove(viewer);
              return all.isEmpty() ? null : all;
            });
  }

  private void sweep() {
    tenants.values().forEach(all -> all.forEach(Runnable::run));
    Set<JobId> jobs = Set.copyOf(viewers.keySet());
    if (jobs.isEmpty() || !sweeping.compareAndSet(false, true)) {
      return;
    }
    desk.ask(() -> events.newest(jobs))
        .onFailure(e -> LOG.warn("could not look for new events; trying again", e))
        .onSuccess(newest -> newest.forEach(this::tell))
        .onComplete(_ -> sweeping.set(false));
  }

  private void tell(JobId job, long newest) {
    for (SweptViewer viewer : viewers.getOrDefault(job, List.of())) {
      if (newest > viewer.seen().getAsLong()) {
        viewer.read().run();
      }
    }
  }
}
