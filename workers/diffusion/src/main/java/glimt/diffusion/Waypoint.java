package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where a walk stands between two steps: everything the rest of it depends on beside the network.
 * As {@link #arrays()} and {@link #facts()} it goes into one safetensors file, and {@link #of}
 * reads it back bit for bit.
 *
 * @param sampler the sampler's name with its settings
 * @param model what is sampled by which network, in the caller's words: a digest, a version
 * @param schedule the levels of the whole walk
 * @param steps steps done
 * @param level the index in the schedule of the last level that was reached
 * @param sigma the noise level of x: {@code schedule.sigma(level)}, or below it for a sampler that
 *     chooses its own
 * @param x the sample
 * @param past the latest estimates, newest first
 * @param memory what the sampler keeps
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
   * This waypoint, if it is of this model.
   *
   * @throws IllegalArgumentException otherwise
   */
  public Waypoint expecting(String model) {
    if (!this.model.equals(model)) {
      throw new IllegalArgumentException(
          "a checkpoint of model %s, not %s".formatted(this.model, model));
    }
    return this;
  }

  /** Whether the walk has reached the end of its schedule. */
  public boolean arrived() {
    return level == schedule.steps();
  }

  /** Every array by name: {@code x}, {@code past.0.denoised}, {@code memory.x}, ... */
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

  /**
   * Everything that is not an array, by name; doubles are written so that they read back exactly.
   */
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
   * Reads a waypoint back; the arrays become its own.
   *
   * @throws IllegalArgumentException when it was written by another version or something is missing
   */
  public static Waypoint of(Map<String, NDArray> arrays, Map<String, String> facts) {
    if (!VERSION.equals(facts.get("version"))) {
      throw new IllegalArgumentException(
          "a checkpoint of version %s, not %s".formatted(facts.get("version"), VERSION));
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
      throw new IllegalArgumentException("a checkpoint without '" + name + "'");
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
