package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/**
 * The arrays and numbers that a sampler passes from one step to the next, in addition to past
 * estimates. They are saved with checkpoints.
 */
public record Memory(Map<String, NDArray> arrays, Map<String, Double> numbers) {

  /** A memory without content. */
  public static final Memory NOTHING = new Memory(Map.of(), Map.of());

  public Memory {
    arrays = Map.copyOf(arrays);
    numbers = Map.copyOf(numbers);
  }

  /** A memory of a single array. */
  public static Memory of(String name, NDArray value) {
    return new Memory(Map.of(name, value), Map.of());
  }
}
