package glimt.golden;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import glimt.diffusion.Draw;
import glimt.diffusion.Observer;
import glimt.diffusion.Prediction;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.diffusion.diffusers.PublishedWalk;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Walks in 32 bits against those of diffusers in 32 bits, whose times are the very same numbers.
 */
class NarrowWalksTest {
  /** What float32 arithmetic in another order changes, relative to the largest number. */
  private static final double ROUNDING = 2e-6;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static JsonNode read(String name) throws IOException {
    try (InputStream file =
        Objects.requireNonNull(
            NarrowWalksTest.class.getResourceAsStream("/golden-narrow/" + name), name)) {
      return MAPPER.readTree(file);
    }
  }

  static Stream<String> walks() throws IOException {
    return StreamSupport.stream(read("index.json").get("cases").spliterator(), false)
        .map(entry -> entry.get("file").asText());
  }

  @ParameterizedTest
  @MethodSource("walks")
  void a_network_hears_the_times_of_diffusers_to_the_last_bit(String file) throws Exception {
    JsonNode json = read(file);
    List<JsonNode> calls = new ArrayList<>();
    List<JsonNode> draws = new ArrayList<>();
    List<Integer> drawnAfter = new ArrayList<>();
    for (JsonNode event : json.get("events")) {
      if (event.get("k").asText().equals("model")) {
        calls.add(event);
      } else {
        draws.add(event);
        drawnAfter.add(calls.size());
      }
    }
    AnalyticModel model = new AnalyticModel(json.get("model"));
    int[] at = {0, 0};
    Prediction network =
        (input, t) -> {
          JsonNode call = calls.get(at[0]++);
          assertThat(t).as("time of call %s", at[0] - 1).isEqualTo(number(call.get("t")));
          Tensor asked = Tensor.of(call.get("x"));
          near(asked, input);
          Tensor out = Tensor.of(call.get("out"));
          return new Tensor(out.shape(), model.answer(asked, call, out))
              .array(input.getManager(), DataType.FLOAT32);
        };
    Map<Integer, Tensor> drawn = new HashMap<>();
    Draw tape =
        (like, step, number) ->
            drawn
                .computeIfAbsent(
                    256 * step + number,
                    _ -> {
                      while (drawnAfter.get(at[1]) < at[0]) {
                        at[1]++; // drawn and multiplied by zero
                      }
                      return Tensor.of(draws.get(at[1]++).get("z"));
                    })
                .array(like.getManager(), DataType.FLOAT32);
    WalkRecipe walk = walk(json.get("config"));
    Trajectory trajectory = new Trajectory(walk.sampler(), walk.denoiser(network), tape);
    try (NDManager manager = NDManager.newBaseManager();
        Waypoint start =
            trajectory.at(
                walk.levels(),
                walk.enter(Tensor.of(json.get("x_init")).array(manager, DataType.FLOAT32)),
                "narrow");
        Waypoint end = trajectory.on(start, Observer.NOBODY)) {
      near(Tensor.of(json.get("result")), walk.leave(end.x()));
    }
    assertThat(at[0]).isEqualTo(calls.size());
  }

  /** A number that was written with the digits of 32 bits. */
  private static double number(JsonNode json) {
    return (float) Tensor.number(json);
  }

  private static void near(Tensor recorded, NDArray ours) {
    assertThat(recorded.distance(Tensor.of(ours).data()))
        .isLessThanOrEqualTo(ROUNDING * recorded.largest());
  }

  private static WalkRecipe walk(JsonNode config) {
    Map<String, @Nullable Object> settings = Diffusers.map(config.get("scheduler_config"));
    settings.put("_class_name", config.get("scheduler").asText());
    settings.put("_diffusers_version", "0.35.2");
    Map<String, @Nullable Object> asked = Diffusers.map(config.get("set_timesteps"));
    asked.putAll(Diffusers.map(config.get("step")));
    if (config.hasNonNull("num_inference_steps")) {
      asked.put("num_inference_steps", config.get("num_inference_steps").intValue());
    }
    return PublishedWalk.of(settings).inSinglePrecision().walk(asked);
  }
}
