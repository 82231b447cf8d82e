package glimt.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Draw;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Observer;
import glimt.diffusion.Sampler;
import glimt.diffusion.Trajectory;
import glimt.diffusion.Waypoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntToDoubleFunction;

/**
 * Runs a case in one number type: evaluates the analytic model, supplies the recorded draws, and
 * compares each network input with the recording.
 */
final class Replay {
  private final JsonNode json;
  private final NDManager manager;
  private final DataType type;
  private final AnalyticModel model;
  private final double resultTolerance;
  private final double inputTolerance;
  private final double scale;
  private final List<JsonNode> calls = new ArrayList<>();
  private final List<JsonNode> draws = new ArrayList<>();
  private final List<Integer> drawnAfter = new ArrayList<>();
  private final Set<String> schedule = new TreeSet<>();
  private int asked;
  private int drawn;
  private boolean compared;

  Replay(JsonNode json, NDManager manager, DataType type) {
    this.json = json;
    this.manager = manager;
    this.type = type;
    this.model = new AnalyticModel(json.path("model"));
    String bits = type == DataType.FLOAT64 ? "float64_abs" : "float32_abs";
    JsonNode tolerance = json.get("tolerance");
    this.resultTolerance = tolerance.get(bits).asDouble();
    this.scale = tolerance.get("scale").asDouble();
    this.inputTolerance = tolerance.path("state_" + bits).asDouble(resultTolerance);
    json.path("schedule").fieldNames().forEachRemaining(schedule::add);
    for (JsonNode event : json.path("events")) {
      switch (event.get("k").asText()) {
        case "model" -> calls.add(event);
        case "noise" -> {
          draws.add(event);
          drawnAfter.add(calls.size());
        }
        case "state", "cond", "input", "denoised", "guided" -> {}
        default -> throw Verdict.unknown("event " + event.get("k"));
      }
    }
  }

  NDManager manager() {
    return manager;
  }

  DataType type() {
    return type;
  }

  /** A recorded tensor of the case. */
  NDArray array(String key) {
    if (!json.has(key)) {
      throw Verdict.unknown("a case without " + key);
    }
    return Tensor.of(json.get(key)).array(manager, type);
  }

  /** Compares an entry of the schedule, real numbers within 1e-10 of the largest. */
  Replay schedule(String key, double... values) {
    if (!json.path("schedule").has(key)) {
      throw Verdict.unknown("schedule without " + key);
    }
    JsonNode entry = json.get("schedule").get(key);
    double[] expected =
        entry.isArray() ? Tensor.numbers(entry) : new double[] {Tensor.number(entry)};
    Tensor tensor = new Tensor(new Shape(expected.length), expected);
    for (int i = 0; i < expected.length; i++) {
      boolean near = values.length == expected.length && near(values[i], expected[i]);
      if (!near) {
        throw Verdict.failed(
            "schedule %s[%s] is %s, not %s"
                .formatted(key, i, i < values.length ? values[i] : "missing", tensor.data()[i]));
      }
    }
    schedule.remove(key);
    return this;
  }

  /** Compares entries that are given only at some indices. */
  Replay scheduleAt(String key, IntToDoubleFunction value) {
    JsonNode entries = json.path("schedule").path(key);
    entries
        .fieldNames()
        .forEachRemaining(
            index -> {
              double here = value.applyAsDouble(Integer.parseInt(index));
              if (!near(here, entries.get(index).asDouble())) {
                throw Verdict.failed(
                    "schedule %s[%s] is %s, not %s"
                        .formatted(key, index, here, entries.get(index)));
              }
            });
    schedule.remove(key);
    return this;
  }

  private static boolean near(double value, double expected) {
    return near(value, expected, 1e-10);
  }

  private static boolean near(double value, double expected, double relative) {
    return value == expected
        || Math.abs(value - expected) <= relative * Math.max(1e-3, Math.abs(expected));
  }

  boolean hasSchedule(String key) {
    return json.path("schedule").has(key);
  }

  /**
   * The network, which compares its input with the recording and evaluates the analytic model.
   *
   * @return an array of the recorded shape
   */
  NDArray network(NDArray input, double t) {
    return network(input, new double[] {t});
  }

  /** Like {@link #network(NDArray, double)}, with a time for each row. */
  NDArray network(NDArray input, double[] times) {
    if (asked == calls.size()) {
      throw Verdict.failed("more than the recorded %s network calls".formatted(asked));
    }
    JsonNode call = calls.get(asked++);
    Tensor handed = Tensor.of(input);
    Tensor recorded = Tensor.of(call.get("x"));
    // Without a tolerance for states, the result's tolerance applies relative to the magnitude.
    double allowed =
        inputTolerance > resultTolerance
            ? inputTolerance
            : resultTolerance * Math.max(1, recorded.largest() / scale);
    double off = recorded.distance(handed.data());
    if (!(off <= allowed)) {
      throw Verdict.failed(
          String.format(
              Locale.ROOT,
              "network input %s is off by %.3g, allowed %.3g",
              asked - 1,
              off,
              allowed));
    }
    JsonNode told = call.get("t");
    double[] expected = told.isArray() ? Tensor.numbers(told) : new double[] {Tensor.number(told)};
    for (int i = 0; i < expected.length; i++) {
      double t = times[Math.min(i, times.length - 1)];
      // Adaptive solvers choose levels by small differences, so they agree a little less.
      if (!near(t, expected[i], 1e-9)) {
        throw Verdict.failed("network time %s is %s, not %s".formatted(asked - 1, t, expected[i]));
      }
    }
    Tensor out = Tensor.of(call.get("out"));
    return new Tensor(out.shape(), model.answer(handed, call, out)).array(input.getManager(), type);
  }

  /**
   * Declares that the reference draws before the network call, whereas the library draws after it.
   */
  void drawsFirst() {
    drawnAfter.replaceAll(calls -> calls + 1);
  }

  /**
   * The next draw that was recorded after the same number of network calls. Draws after earlier
   * calls are skipped, and a repeated request for a step and number returns the same draw.
   */
  Draw tape() {
    Map<Integer, Tensor> made = new HashMap<>();
    return (like, step, number) -> {
      Tensor again = made.get(256 * step + number);
      if (again != null) {
        return again.array(like.getManager(), type);
      }
      while (drawn < draws.size() && drawnAfter.get(drawn) < asked) {
        drawn++; // the reference draws it and multiplies it by zero
      }
      if (drawn == draws.size() || drawnAfter.get(drawn) > asked) {
        throw Verdict.failed("a draw after %s calls that was not recorded".formatted(asked));
      }
      Tensor draw = Tensor.of(draws.get(drawn++).get("z"));
      made.put(256 * step + number, draw);
      NDArray z = draw.array(like.getManager(), type);
      return z.get(
          ":" + like.getShape().get(0)); // point-e also draws for rows that it does not use
    };
  }

  /** The initial sample: the recorded initial state, or unit noise times the level. */
  NDArray start(double sigma) {
    return json.has("x_init") ? array("x_init") : array("initial_noise").mul(sigma);
  }

  /** Walks from a sample to the end of a schedule. */
  NDArray walk(Sampler sampler, Denoiser denoiser, NoiseSchedule levels, NDArray x) {
    Trajectory walk = new Trajectory(sampler, denoiser, tape());
    try (Waypoint start = walk.at(levels, x.duplicate(), "golden")) {
      return walk.on(start, Observer.NOBODY).x();
    } catch (InterruptedException stopped) {
      throw new AssertionError(stopped);
    }
  }

  /** A draw of a forward process, in the recorded order. */
  NDArray draw() {
    if (drawn == draws.size()) {
      throw Verdict.failed("more draws than were recorded");
    }
    return Tensor.of(draws.get(drawn++).get("z")).array(manager, type);
  }

  /** Compares additional recorded numbers with the tolerance of the result. */
  void beside(String key, double... values) {
    JsonNode entry = json.get(key);
    double[] expected = entry.isArray() ? Tensor.numbers(entry) : Tensor.of(entry).data();
    double off = new Tensor(new Shape(expected.length), expected).distance(values);
    if (!(off <= resultTolerance)) {
      throw Verdict.failed(
          String.format(Locale.ROOT, "%s is off by %.3g, allowed %.3g", key, off, resultTolerance));
    }
  }

  /** Compares the result, which ends the case. */
  void result(NDArray array) {
    result(Tensor.of(array).data());
  }

  void result(double... values) {
    Tensor expected = Tensor.of(json.get("result"));
    double off = expected.distance(values);
    if (!(off <= resultTolerance)) {
      throw Verdict.failed(
          String.format(
              Locale.ROOT,
              "the result is off by %.3g, allowed %.3g (%s)",
              off,
              resultTolerance,
              type));
    }
    if (asked < calls.size()) {
      throw Verdict.failed("%s of %s network calls".formatted(asked, calls.size()));
    }
    if (!schedule.isEmpty()) {
      throw Verdict.failed("of the schedule, not compared: " + schedule);
    }
    compared = true;
  }

  boolean compared() {
    return compared;
  }
}
