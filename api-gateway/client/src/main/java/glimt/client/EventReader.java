package glimt.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How far a stream of server-sent events was read.
 *
 * @param last the id of the last event; null if none had one
 * @param done whether no more is wanted, or will come
 */
record EventReader(@Nullable String last, boolean done) {
  /** The connection broke. */
  static final class BrokenStream extends IOException {
    private static final long serialVersionUID = 1;
    private final @Nullable String last;

    private BrokenStream(@Nullable String last, IOException cause) {
      super("the connection for events broke", cause);
      this.last = last;
    }

    /** The id of the last event that was read before. */
    @Nullable String last() {
      return last;
    }
  }

  /**
   * Reads events to the end of the stream.
   *
   * @param over whether the farm said that none will come
   * @param before the id of the last event that was seen
   * @param hear returns whether to go on
   * @throws BrokenStream if the connection breaks
   */
  static EventReader read(
      BufferedReader lines, boolean over, @Nullable String before, Predicate<JsonNode> hear)
      throws IOException {
    String last = before;
    String id = null;
    StringBuilder data = new StringBuilder();
    while (true) {
      String line;
      try {
        line = lines.readLine();
      } catch (IOException e) {
        throw new BrokenStream(last, e);
      }
      if (line == null) {
        return new EventReader(last, over);
      }
      if (line.startsWith("id:")) {
        id = line.substring("id:".length()).strip();
      } else if (line.startsWith("data:")) {
        data.append(line.substring("data:".length()).strip());
      } else if (line.isEmpty() && !data.isEmpty()) {
        JsonNode event = FarmExchange.JSON.readTree(data.toString());
        data.setLength(0);
        last = id == null ? last : id;
        id = null;
        if (!hear.test(event)) {
          return new EventReader(last, true);
        }
      }
    }
  }
}
