package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The state of a walk between two steps: everything other than the network that the remaining steps
 * depend on. A checkpoint stores {@link #arrays()} and {@link #facts()} in a safetensors file, from
 * which {@link #of} restores the same bits.
 *
 * @param sampler the sampler's name with its settings
 * @param model identifies the model, such as a digest and a version
 * @param schedule the levels of the whole walk
 * @param steps the number of completed steps
 * @param level the index in the schedule of the last level that was reached
 * @param sigma the noise level of x: {@code schedule.sigma(level)}, or below it if the sampler
 *     chooses its own levels
 * @param x the sample, [B, ...]
 * @param past the latest estimates, newest first
 * @param memory the sampler's memory
 */
public record Waypoint(
    String sampler,
    String model,
    NoiseSchedule schedule,
    int steps,
    int level,
    double sigma,
    NDArray x,
    List<Estimate> past,
    Memory memory)
    implements AutoCloseable {

  private static final String VERSION = "1";

  public Waypoint {
    past = List.copyOf(past);
  }

  /**
   * Returns this waypoint after checking its model.
   *
   * @throws IllegalArgumentException if this waypoint belongs to another model
   */
  public Waypoint expecting(String model) {
    if (!this.model.equals(model)) {
      throw new IllegalArgumentException(
          "the checkpoint is of model %s, not %s".formatted(this.model, model));
    }
    return this;
  }

  /** Whether the walk has reached the end of its schedule. */
  public boolean arrived() {
    return level == schedule.steps();
  }

  /** All arrays by name, such as {@code x}, {@code past.0.denoised} or {@code memory.x}. */
  public Map<String, NDArray> arrays() {
    Map<String, NDArray> all = new LinkedHashMap<>();
    all.put("x", x);
    for (int i = 0; i < past.size(); i++) {
      String prefix = "past." + i + ".";
      all.put(prefix + "x", past.get(i).x());
      all.put(prefix + "denoised", past.get(i).denoised());
      past.get(i).aside().forEach((name, array) -> all.put(prefix + "aside." + name, array));
    }
    memory.arrays().forEach((name, array) -> all.put("memory." + name, array));
    return all;
  }

  /** All other values by name, with doubles in a form that is restored exactly. */
  public Map<String, String> facts() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("version", VERSION);
    all.put("sampler", sampler);
    all.put("model", model);
    all.put("schedule", numbers(Arrays.stream(schedule.sigmas()).boxed()));
    all.put("steps", Integer.toString(steps));
    all.put("level", Integer.toString(level));
    all.put("sigma", Double.toString(sigma));
    all.put("past", numbers(past.stream().map(Estimate::sigma)));
    memory.numbers().forEach((name, value) -> all.put("memory." + name, Double.toString(value)));
    return all;
  }

  /**
   * Restores a waypoint, which takes ownership of the arrays.
   *
   * @throws IllegalArgumentException if the checkpoint has another version or lacks a value
   */
  public static Waypoint of(Map<String, NDArray> arrays, Map<String, String> facts) {
    if (!VERSION.equals(facts.get("version"))) {
      throw new IllegalArgumentException(
          "the checkpoint is of version %s, not %s".formatted(facts.get("version"), VERSION));
    }
    double[] pastSigmas = numbers(need(facts, "past"));
    List<Estimate> past = new ArrayList<>();
    for (int i = 0; i < pastSigmas.length; i++) {
      String prefix = "past." + i + ".";
      past.add(
          new Estimate(
              pastSigmas[i],
              need(arrays, prefix + "x"),
              need(arrays, prefix + "denoised"),
              under(prefix + "aside.", arrays)));
    }
    Map<String, Double> numbers = new LinkedHashMap<>();
    under("memory.", facts).forEach((name, text) -> numbers.put(name, Double.valueOf(text)));
    return new Waypoint(
        need(facts, "sampler"),
        need(facts, "model"),
        NoiseSchedule.stored(numbers(need(facts, "schedule"))),
        Integer.parseInt(need(facts, "steps")),
        Integer.parseInt(need(facts, "level")),
        Double.parseDouble(need(facts, "sigma")),
        need(arrays, "x"),
        past,
        new Memory(under("memory.", arrays), numbers));
  }

  private static String numbers(Stream<Double> values) {
    return String.join(" ", values.map(Object::toString).toList());
  }

  private static double[] numbers(String text) {
    return text.isEmpty()
        ? new double[0]
        : Arrays.stream(text.split(" ")).mapToDouble(Double::parseDouble).toArray();
  }

  private static <V> V need(Map<String, V> all, String name) {
    V value = all.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the checkpoint lacks '" + name + "'");
    }
    return value;
  }

  private static <V> Map<String, V> under(String prefix, Map<String, V> all) {
    Map<String, V> found = new LinkedHashMap<>();
    all.forEach(
        (name, value) -> {
          if (name.startsWith(prefix)) {
            found.put(name.substring(prefix.length()), value);
          }
        });
    return found;
  }

  /** Frees every array of this waypoint. */
  @Override
  public void close() {
    arrays().values().forEach(NDArray::close);
  }
}
