package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.coordinator.Protocol;
import glimt.job.JobId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a {@link Watch} tells a viewer: the events of one job, or of all jobs of a tenant. */
interface WatchedStory {
  /**
   * A durable event, in the text that every viewer is sent.
   *
   * @param id by which the viewer may ask for what follows
   * @param json the event, as a JSON object
   * @param ended the job that ended with it, or null
   * @param last whether none can follow
   */
  record StoryEvent(String id, String type, String json, @Nullable JobId ended, boolean last) {
    static StoryEvent of(String id, ObjectNode event, @Nullable JobId ended, boolean last) {
      return new StoryEvent(id, event.get("type").textValue(), event.toString(), ended, last);
    }
  }

  /**
   * Reads the events that follow those it has returned. Called on the event loop of the viewer, and
   * not again before that has the answer.
   *
   * @param limit the largest number of events to return; fewer mean that there are no more now
   */
  Future<List<StoryEvent>> read(int limit);

  /** Passes on live messages, on any thread. */
  Farm.Subscription subscribe(Consumer<Protocol.Live> viewer);

  /**
   * Calls {@code read} from time to time when there may be events of which no hint came, on any
   * thread.
   *
   * @param on whose timers are used
   */
  Farm.Subscription remind(Vertx on, Runnable read);

  /** Adds to a live message of a job what the viewer needs to know whose it is. */
  ObjectNode live(JobId job, ObjectNode message);

  /** Milliseconds to wait before it is read again because of a hint. */
  long rest();

  /** Its name for a log. */
  @Override
  String toString();
}
