package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/**
 * What a sampler keeps from one step to the next beside past estimates: its own few arrays and
 * numbers. A checkpoint saves it.
 */
public record Memory(Map<String, NDArray> arrays, Map<String, Double> numbers) {

  public static final Memory NOTHING = new Memory(Map.of(), Map.of());

  public Memory {
    arrays = Map.copyOf(arrays);
    numbers = Map.copyOf(numbers);
  }

  public static Memory of(String name, NDArray value) {
    return new Memory(Map.of(name, value), Map.of());
  }
}
