package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.job.JobId;
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
 * that ten thousand quiet viewers cost one statement, and not ten thousand.
 */
final class EventSweep {
  private static final Logger LOG = LoggerFactory.getLogger(EventSweep.class);

  private final RequestContext desk;
  private final Events events;
  private final long everyMillis;
  private final Map<JobId, List<SweptViewer>> viewers = new ConcurrentHashMap<>();
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
    SweptViewer viewer = new SweptViewer(seen, read);
    viewers.compute(
        job,
        (_, all) -> {
          List<SweptViewer> now = all == null ? new CopyOnWriteArrayList<>() : all;
          now.add(viewer);
          return now;
        });
    if (started.compareAndSet(false, true)) {
      on.setPeriodic(everyMillis, _ -> sweep());
    }
    return () ->
        viewers.computeIfPresent(
            job,
            (_, all) -> {
              all.remove(viewer);
              return all.isEmpty() ? null : all;
            });
  }

  private void sweep() {
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
