package glimt.gateway;

import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.Events;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads events once for all viewers of a job that want the same ones at the same moment, as they do
 * after each hint. Whoever asks first waits a moment for the others, and then reads. A read that
 * has begun is not joined: it might miss what the hint was about.
 */
final class SharedReads {
  /** How long others may join. It delays an event by as much. */
  private static final long GATHERING = TimeUnit.MILLISECONDS.toNanos(1);

  private record EventRead(TenantId tenant, JobId job, long seq, int limit) {}

  private final Events events;
  private final Map<EventRead, CompletableFuture<List<JobEvent>>> gathering =
      new ConcurrentHashMap<>();

  SharedReads(Events events) {
    this.events = events;
  }

  /** As {@link Events#after}; blocks. */
  List<JobEvent> after(TenantId tenant, JobId job, long seq, int limit) {
    EventRead asked = new EventRead(tenant, job, seq, limit);
    CompletableFuture<List<JobEvent>> mine = new CompletableFuture<>();
    CompletableFuture<List<JobEvent>> there = gathering.putIfAbsent(asked, mine);
    if (there != null) {
      return joined(there);
    }
    LockSupport.parkNanos(GATHERING);
    gathering.remove(asked);
    try {
      List<JobEvent> read = events.after(tenant, job, seq, limit);
      mine.complete(read);
      return read;
    } catch (RuntimeException e) {
      mine.completeExceptionally(e);
      throw e;
    }
  }

  private static List<JobEvent> joined(CompletableFuture<List<JobEvent>> read) {
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
