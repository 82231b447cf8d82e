package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.coordinator.Protocol;
import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.TenantId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.function.Consumer;

/** The events of one job, numbered 1, 2, 3 …, up to its end. */
final class JobStory implements WatchedStory {
  private final SharedReads reads;
  private final EventSweep sweep;
  private final Farm farm;
  private final TenantId tenant;
  private final JobId job;
  private final String prefix;

  /** The number of the last event that the viewer was sent; its loop writes it, the sweep reads. */
  private volatile long seq;

  /**
   * @param after the number of the last event that the viewer has seen
   * @param prefix the path prefix of the links in events
   */
  JobStory(SharedReads reads, EventSweep sweep, Farm farm, JobView job, long after, String prefix) {
    this.reads = reads;
    this.sweep = sweep;
    this.farm = farm;
    // Not the view itself, which is large: there may be thousands of viewers.
    this.tenant = job.tenant();
    this.job = job.id();
    this.prefix = prefix;
    this.seq = after;
  }

  @Override
  public Future<List<StoryEvent>> read(int limit) {
    return reads
        .after(tenant, job, prefix, seq, limit)
        .onSuccess(
            events -> {
              if (!events.isEmpty()) {
                seq = Long.parseLong(events.getLast().id());
              }
            });
  }

  @Override
  public Farm.Subscription subscribe(Consumer<Protocol.Live> viewer) {
    return farm.watch(job, viewer);
  }

  @Override
  public Farm.Subscription remind(Vertx on, Runnable read) {
    return sweep.add(on, job, () -> seq, read);
  }

  @Override
  public ObjectNode live(JobId of, ObjectNode message) {
    return message;
  }

  @Override
  public long rest() {
    return 0;
  }

  @Override
  public String toString() {
    return "job " + job;
  }
}
