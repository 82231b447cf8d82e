package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.coordinator.Protocol;
import glimt.job.JobEvent;
import glimt.job.JobView;
import glimt.ledger.Events;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One look at a job: its durable events from a number on, without a gap and once each, and between
 * them what is live. It subscribes first and reads after, and reads again every two seconds, so a
 * lost hint costs two seconds and nothing else. It is over when the job's ending was told.
 *
 * <p>Runs on one event loop. A viewer who cannot keep up misses previews and all but the newest
 * progress of each task, never a durable event: of those there is a handful.
 */
final class Watch {
  private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
  private static final int BATCH = 100;

  /** Where the events go. */
  interface Viewer {
    void durable(long seq, ObjectNode event);

    void progress(ObjectNode event);

    void preview(ObjectNode event, byte[] bytes);

    boolean isBehind();

    /** Lets proxies and idle timeouts know that somebody is there. */
    void heartbeat();

    /** The job's last event was told. */
    void end();
  }

  /** How often it looks by itself, and how often it shows that it lives; milliseconds. */
  record WatchIntervals(long readEvery, long beatEvery) {
    static final WatchIntervals DEFAULT = new WatchIntervals(2_000, 15_000);
  }

  private final RequestContext desk;
  private final Events events;
  private final JobView job;
  private final Viewer viewer;
  private final String prefix;
  private final Context context = Vertx.currentContext();
  private final Map<List<Object>, ObjectNode> late = new LinkedHashMap<>();
  private final Farm.Subscription subscription;
  private final long readTimer;
  private final long beatTimer;
  private long seq;
  private boolean reading;
  private boolean again;
  private boolean over;

  /**
   * @param after the number of the last event the viewer knows
   * @param prefix what addresses begin with for the viewer
   */
  Watch(
      RequestContext desk,
      Events events,
      Farm farm,
      WatchIntervals pace,
      JobView job,
      long after,
      String prefix,
      Viewer viewer) {
    this.desk = desk;
    this.events = events;
    this.job = job;
    this.viewer = viewer;
    this.prefix = prefix;
    this.seq = after;
    Vertx vertx = context.owner();
    readTimer = vertx.setPeriodic(pace.readEvery(), _ -> read());
    beatTimer = vertx.setPeriodic(pace.beatEvery(), _ -> viewer.heartbeat());
    subscription = farm.watch(job.id(), live -> context.runOnContext(_ -> show(live)));
    read();
  }

  /** The viewer left, or has seen everything. */
  void close() {
    if (!over) {
      over = true;
      subscription.close();
      context.owner().cancelTimer(readTimer);
      context.owner().cancelTimer(beatTimer);
    }
  }

  /** The viewer has room again. */
  void caughtUp() {
    late.values().forEach(viewer::progress);
    late.clear();
  }

  private void show(Protocol.Live live) {
    if (over) {
      return;
    }
    switch (live) {
      case Protocol.Advanced _ -> read();
      case Protocol.Progress at -> {
        if (viewer.isBehind()) {
          late.put(List.of(at.level(), at.ordinal()), JobDocument.progress(at));
        } else {
          viewer.progress(JobDocument.progress(at));
        }
      }
      case Protocol.Previewed at -> {
        if (!viewer.isBehind()) {
          viewer.preview(JobDocument.preview(at), at.bytes());
        }
      }
    }
  }

  private void read() {
    if (over) {
      return;
    }
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    desk.ask(() -> events.after(RequestContext.tenant(), job.id(), seq, BATCH))
        .onFailure(e -> LOG.warn("the events of job {} wait for the ledger", job.id(), e))
        .onComplete(
            rows -> {
              reading = false;
              if (rows.succeeded()) {
                rows.result().forEach(this::tell);
                if (again || rows.result().size() == BATCH) {
                  again = false;
                  read();
                }
              }
            });
  }

  private void tell(JobEvent event) {
    if (over || event.seq() <= seq) {
      return;
    }
    seq = event.seq();
    viewer.durable(seq, JobDocument.event(event, prefix));
    if (event.fact() instanceof JobEvent.JobEnded) {
      close();
      viewer.end();
    }
  }
}
