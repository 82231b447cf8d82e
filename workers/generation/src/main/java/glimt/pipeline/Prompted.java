package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.WordList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * What was made of a prompt, and of the one that stands for no prompt: by the name of a port.
 *
 * @param given what feeds the port, in the scope it is handed
 * @param withheld what feeds it when there are to be no conditions; only of ports that are fed
 *     another prompt then
 */
public record Prompted(
    Map<String, Function<NDManager, NDArray>> given,
    Map<String, Function<NDManager, NDArray>> withheld) {
  public Prompted {
    given = Map.copyOf(given);
    withheld = Map.copyOf(withheld);
  }

  /** The token ids of a prompt, for every port of a level that reads the prompt itself. */
  public static Prompted words(Level level, WordList words, String prompt) {
    Map<String, Function<NDManager, NDArray>> given = new LinkedHashMap<>();
    Map<String, Function<NDManager, NDArray>> withheld = new LinkedHashMap<>();
    for (Port port : level.ports()) {
      if (port.feed() == Port.PortSource.PROMPT) {
        given.put(port.name(), TokenIds.of(words, prompt)::ids);
        withheld.put(port.name(), TokenIds.of(words, "")::ids);
      }
    }
    return new Prompted(given, withheld);
  }
}
