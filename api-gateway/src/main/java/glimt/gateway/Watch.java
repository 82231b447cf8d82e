package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.coordinator.Protocol;
import glimt.job.JobId;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one job, or all jobs of a tenant, for one viewer: sends the durable events from a place
 * on, each once and without gaps, and in between the live progress and previews. It subscribes
 * before it reads the events, and reads them again every two seconds, so that a lost hint costs at
 * most two seconds. It closes once it has sent the last event.
 *
 * <p>Runs on one event loop. A viewer that cannot keep up misses previews and all but the newest
 * progress of each task, but no durable event: those are not read before it has caught up.
 */
final class Watch {
  private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
  private static final int BATCH = 100;

  /** A connection that events are sent to. */
  interface Viewer {
    void durable(WatchedStory.StoryEvent event);

    void progress(ObjectNode event);

    void preview(ObjectNode event, byte[] bytes);

    boolean isBehind();

    /** Keeps proxies and idle timeouts from closing a quiet connection. */
    void heartbeat();

    /** Closes the connection: the last event was sent. */
    void end();
  }

  /** Milliseconds between two reads of the events, and between two heartbeats. */
  record WatchIntervals(long readEvery, long beatEvery) {
    static final WatchIntervals DEFAULT = new WatchIntervals(2_000, 15_000);
  }

  private final WatchedStory story;
  private final Viewer viewer;
  private final Context context = Vertx.currentContext();
  private final Map<List<Object>, ObjectNode> late = new LinkedHashMap<>();
  private final Farm.Subscription subscription;
  private final Farm.Subscription reminder;
  private final long beatTimer;
  private boolean reading;
  private boolean again;
  private boolean over;

  /** Starts to follow. Must be called on the event loop of the viewer. */
  Watch(WatchIntervals pace, WatchedStory story, Viewer viewer) {
    this.story = story;
    this.viewer = viewer;
    Vertx vertx = context.owner();
    beatTimer = vertx.setPeriodic(pace.beatEvery(), _ -> viewer.heartbeat());
    subscription = story.subscribe(live -> context.runOnContext(_ -> show(live)));
    reminder = story.remind(vertx, () -> context.runOnContext(_ -> read()));
    read();
  }

  /** Stops following: the viewer disconnected, or has seen everything. */
  void close() {
    if (!over) {
      over = true;
      subscription.close();
      reminder.close();
      context.owner().cancelTimer(beatTimer);
    }
  }

  /** Sends the progress that was held back while the viewer was behind, and goes on. */
  void caughtUp() {
    late.values().forEach(viewer::progress);
    late.clear();
    if (again) {
      read();
    }
  }

  private void show(Protocol.Live live) {
    if (over) {
      return;
    }
    switch (live) {
      case Protocol.Advanced _ -> read();
      case Protocol.Progress at -> {
        ObjectNode progress = story.live(at.job(), JobDocument.progress(at));
        if (viewer.isBehind()) {
          late.put(List.of(at.job(), at.level(), at.ordinal()), progress);
        } else {
          viewer.progress(progress);
        }
      }
      case Protocol.Previewed at -> {
        if (!viewer.isBehind()) {
          viewer.preview(story.live(at.job(), JobDocument.preview(at)), at.bytes());
        }
      }
    }
  }

  private void read() {
    if (over) {
      return;
    }
    if (reading || viewer.isBehind()) {
      again = true;
      return;
    }
    reading = true;
    again = false;
    story
        .read(BATCH)
        .onFailure(e -> LOG.warn("could not read the events of {}; trying again", story, e))
        .onComplete(
            rows -> {
              reading = false;
              if (rows.failed()) {
                return;
              }
              rows.result().forEach(this::tell);
              if (rows.result().size() >= BATCH) {
                read();
              } else if (again) {
                readSoon();
              }
            });
  }

  private void readSoon() {
    if (story.rest() == 0) {
      read();
    } else {
      context.owner().setTimer(story.rest(), _ -> read());
    }
  }

  private void tell(WatchedStory.StoryEvent told) {
    if (over) {
      return;
    }
    viewer.durable(told);
    JobId ended = told.ended();
    if (ended != null) {
      late.keySet().removeIf(task -> task.contains(ended));
    }
    if (told.last()) {
      close();
      viewer.end();
    }
  }
}
