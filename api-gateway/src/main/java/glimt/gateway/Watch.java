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
 * Follows one job for one viewer: sends its durable events from a number on, each once and without
 * gaps, and in between the live progress and previews. It subscribes before it reads the events,
 * and reads them again every two seconds, so that a lost hint costs at most two seconds. It closes
 * once it has sent the job's last event.
 *
 * <p>Runs on one event loop. A viewer that cannot keep up misses previews and all but the newest
 * progress of each task, but no durable event: a job has only a handful of those.
 */
final class Watch {
  private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
  private static final int BATCH = 100;

  /** A connection that events are sent to. */
  interface Viewer {
    void durable(long seq, ObjectNode event);

    void progress(ObjectNode event);

    void preview(ObjectNode event, byte[] bytes);

    boolean isBehind();

    /** Keeps proxies and idle timeouts from closing a quiet connection. */
    void heartbeat();

    /** Closes the connection: the job's last event was sent. */
    void end();
  }

  /** Milliseconds between two reads of the events, and between two heartbeats. */
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
   * Starts to follow a job. Must be called on the event loop of the viewer.
   *
   * @param after the number of the last event that the viewer has seen
   * @param prefix the path prefix of the links in events
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

  /** Stops following: the viewer disconnected, or has seen everything. */
  void close() {
    if (!over) {
      over = true;
      subscription.close();
      context.owner().cancelTimer(readTimer);
      context.owner().cancelTimer(beatTimer);
    }
  }

  /** Sends the progress that was held back while the viewer was behind. */
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
    desk.ask(() -> events.after(job.tenant(), job.id(), seq, BATCH))
        .onFailure(e -> LOG.warn("could not read the events of job {}; trying again", job.id(), e))
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
