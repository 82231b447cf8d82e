package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Chain;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.diffusers.PublishedWalk;
import glimt.diffusion.diffusers.UnknownSettingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The schedulers of huggingface/diffusers, constructed from their configurations. */
final class Diffusers implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape");
    WalkRecipe walk = compared(config, replay);
    config.close();
    replay.result(
        walk.leave(
            replay.walk(
                walk.sampler(),
                walk.denoiser(replay::network),
                walk.levels(),
                walk.enter(replay.array("x_init")))));
  }

  /** Compares only time steps and levels, without a walk. */
  static void times(Settings config, JsonNode json, Replay replay) {
    config.ignore("library");
    boolean levels = replay.hasSchedule("sigmas");
    String scheduler = config.text("scheduler");
    Chain chain = published(config).chain().orElse(null);
    WalkRecipe walk = compared(config, replay);
    config.close();
    replay.result(levels ? sigmas(scheduler, walk) : times(scheduler, walk, chain));
  }

  private static Map<String, @Nullable Object> settings(Settings config) {
    config.ignore("scheduler_config", "scheduler_config_full");
    String key = config.has("scheduler_config_full") ? "scheduler_config_full" : "scheduler_config";
    Map<String, @Nullable Object> settings = new LinkedHashMap<>(map(config.json(key)));
    settings.put("_class_name", config.text("scheduler"));
    return settings;
  }

  /**
   * Levels in the form in which diffusers lists them: rising for inverse schedulers, and with one
   * additional level for log-linear ones whose network does not hear it.
   */
  private static double[] recorded(
      Map<String, @Nullable Object> settings,
      Map<String, @Nullable Object> asked,
      @Nullable Chain chain,
      double[] sigmas) {
    if (Boolean.TRUE.equals(settings.get("invert_sigmas"))) {
      return Arrays.stream(sigmas).map(s -> 1 - s).toArray();
    }
    boolean ramp =
        Stream.of("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
            .anyMatch(key -> Boolean.TRUE.equals(settings.get(key)));
    boolean told =
        "continuous".equals(settings.get("timestep_type"))
            && "v_prediction".equals(settings.get("prediction_type"));
    if (!"log_linear".equals(settings.get("interpolation_type"))
        || ramp
        || told
        || asked.get("sigmas") != null) {
      return sigmas;
    }
    boolean least = "sigma_min".equals(settings.get("final_sigmas_type"));
    double last = least ? Objects.requireNonNull(chain).sigma(0) : 0;
    return DoubleStream.concat(Arrays.stream(sigmas), DoubleStream.of(last)).toArray();
  }

  /** The configuration of a case. */
  static PublishedWalk published(Settings config) {
    try {
      return PublishedWalk.of(settings(config));
    } catch (UnknownSettingException unknown) {
      throw Verdict.unknown(unknown.getMessage());
    }
  }

  /** The walk of a case, after its schedule has been compared. */
  static WalkRecipe compared(Settings config, Replay replay) {
    PublishedWalk published = published(config);
    Map<String, @Nullable Object> settings = settings(config);
    Map<String, @Nullable Object> asked = new LinkedHashMap<>();
    for (String key : List.of("set_timesteps", "step")) {
      if (config.given(key)) {
        asked.putAll(map(config.json(key)));
      }
    }
    if (config.given("num_inference_steps")) {
      asked.put("num_inference_steps", config.integer("num_inference_steps"));
    }
    WalkRecipe walk;
    try {
      walk = published.walk(asked);
    } catch (UnknownSettingException unknown) {
      throw Verdict.unknown(unknown.getMessage());
    }
    String scheduler = published.className();
    Chain chain = published.chain().orElse(null);
    replay.schedule("timesteps", times(scheduler, walk, chain));
    if (replay.hasSchedule("sigmas")) {
      replay.schedule("sigmas", recorded(settings, asked, chain, sigmas(scheduler, walk)));
    }
    if (replay.hasSchedule("init_noise_sigma")) {
      replay.schedule("init_noise_sigma", walk.start());
    }
    if (chain != null) {
      replay.scheduleAt("alphas_cumprod_at", chain::abar);
    }
    return walk;
  }

  static Map<String, @Nullable Object> map(JsonNode json) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    json.properties().forEach(entry -> map.put(entry.getKey(), value(entry.getValue())));
    return map;
  }

  private static @Nullable Object value(JsonNode json) {
    if (json.isArray()) {
      List<Object> list = new ArrayList<>();
      json.forEach(element -> list.add(element.numberValue()));
      return list;
    }
    return json.isNull()
        ? null
        : json.isBoolean()
            ? json.booleanValue()
            : json.isNumber() ? json.numberValue() : (Object) json.asText();
  }

  // ---- the times and levels that diffusers lists for each network call

  private static double[] times(String scheduler, WalkRecipe walk, @Nullable Chain chain) {
    double[] times = walk.times().stream().mapToDouble(t -> t).toArray();
    return switch (scheduler) {
      case "HeunDiscreteScheduler", "FlowMatchHeunDiscreteScheduler" -> twice(times, 0);
      case "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "DPMSolverSDEScheduler" ->
          middles(walk, times);
      case "PNDMScheduler" ->
          walk.sampler().name().startsWith("plms")
              ? plmsTimes(times)
              : prkTimes(times, Objects.requireNonNull(chain).length() / times.length);
      default -> times;
    };
  }

  private static double[] sigmas(String scheduler, WalkRecipe walk) {
    double[] sigmas = walk.levels().sigmas();
    if (walk.frame() == Frame.FLOW) {
      sigmas =
          Arrays.stream(sigmas).map(s -> s == NoiseSchedule.NO_SIGNAL ? 1 : s / (1 + s)).toArray();
    }
    return switch (scheduler) {
      case "HeunDiscreteScheduler", "FlowMatchHeunDiscreteScheduler", "DPMSolverSDEScheduler" ->
          twice(sigmas, 1);
      case "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler" -> {
        double[] all = twice(sigmas, 0);
        yield DoubleStream.concat(Arrays.stream(all), DoubleStream.of(0)).toArray();
      }
      default -> sigmas;
    };
  }

  /** Repeats each value except the first and the last ones. */
  private static double[] twice(double[] values, int once) {
    return IntStream.range(0, values.length)
        .boxed()
        .flatMapToDouble(
            i ->
                i == 0 || i >= values.length - once
                    ? DoubleStream.of(values[i])
                    : DoubleStream.of(values[i], values[i]))
        .toArray();
  }

  /** Inserts the times of midpoints between those of levels. */
  private static double[] middles(WalkRecipe walk, double[] times) {
    List<Double> all = new ArrayList<>(List.of(times[0]));
    boolean ancestral = walk.sampler().name().contains("ancestral");
    DoubleUnaryOperator name = naming(walk);
    for (int i = 1; i < times.length; i++) {
      double from = walk.levels().sigma(i - 1);
      double to = walk.levels().sigma(i);
      double down = ancestral ? to * to / from : to;
      all.add(name.applyAsDouble(Math.sqrt(from * down) * (ancestral ? 1 - 0x1p-46 : 1)));
      all.add(times[i]);
    }
    return all.stream().mapToDouble(t -> t).toArray();
  }

  /** The time input of a walk's network at a level, recorded by calling the denoiser. */
  private static DoubleUnaryOperator naming(WalkRecipe walk) {
    return sigma -> {
      double[] told = new double[1];
      try (ai.djl.ndarray.NDManager manager = ai.djl.ndarray.NDManager.newBaseManager()) {
        walk.denoiser(
                (input, t) -> {
                  told[0] = t;
                  return input;
                })
            .estimate(manager.ones(new ai.djl.ndarray.types.Shape(1, 1)), sigma, null);
      }
      return told[0];
    };
  }

  /**
   * The calls of Heun's method in the first step, which evaluates the network twice at the second
   * time.
   */
  private static double[] plmsTimes(double[] times) {
    int calls = times.length == 1 ? 1 : times.length + 1;
    return IntStream.range(0, calls)
        .mapToDouble(i -> times[Math.min(i < 2 ? i : i - 1, times.length - 1)])
        .toArray();
  }

  /** The calls of three Runge-Kutta steps: start, twice the middle, and end. */
  private static double[] prkTimes(double[] times, int stride) {
    int half = stride / 2;
    DoubleStream first =
        IntStream.range(0, 3)
            .mapToObj(
                i ->
                    new double[] {times[i], times[i + 1] + half, times[i + 1] + half, times[i + 1]})
            .flatMapToDouble(Arrays::stream);
    return DoubleStream.concat(first, Arrays.stream(times).skip(3)).toArray();
  }
}
