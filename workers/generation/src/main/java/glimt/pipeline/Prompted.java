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
 * The inputs that a level's ports receive from a prompt. Each function creates its input in the
 * manager that it is given.
 *
 * @param given the conditional inputs by port
 * @param withheld the unconditional inputs by port; only for ports whose unconditional input comes
 *     from an empty or negative prompt
 */
public record Prompted(
    Map<String, Function<NDManager, NDArray>> given,
    Map<String, Function<NDManager, NDArray>> withheld) {
  public Prompted {
    given = Map.copyOf(given);
    withheld = Map.copyOf(withheld);
  }

  /** The token ids of a prompt for every port of a level that receives the prompt directly. */
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
