package glimt.published;

import static glimt.published.NetworkChecks.turned;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Network;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Draw;
import glimt.diffusion.Estimate;
import glimt.diffusion.Observer;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.model.NetworkAnswer;
import glimt.model.Parametrisation;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import glimt.pipeline.LevelDenoiser;
import glimt.pipeline.LevelDenoiser.Conditioning;
import glimt.pipeline.LevelWalk;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Both levels of Point-E as jobs walk them, from a vector of CLIP's or nothing to a cloud. */
final class PointEEndToEnd implements EndToEnd {
  private static final Parametrisation NOISE =
      new Parametrisation(NetworkAnswer.EPSILON, 1, new Thresholds.Open());

  @Override
  public Map<String, NDArray> run(GoldenCase golden, NDManager manager)
      throws InterruptedException {
    JsonNode call = golden.facts().path("end_to_end").path("call");
    List<String> components = new ArrayList<>();
    golden.facts().path("components").fieldNames().forEachRemaining(components::add);
    Map<String, NDArray> conditions = new LinkedHashMap<>();
    if (golden.expected().tensors().containsKey("in.embeddings")) {
      conditions.put("embeddings", EndToEnd.given(golden, manager, "in.embeddings"));
    }
    NDList clouds = new NDList();
    int draws = 0;
    for (int i = 0; i < call.path("num_points").size(); i++) {
      Sampling sampling = sampling(golden, components.get(i), call, i);
      NDArray below = clouds.isEmpty() ? null : clouds.getLast();
      if (below != null) {
        conditions.put("low_res", below);
      }
      GoldenComponent component = component(golden, components.get(i));
      try (Network network = component.network(component.config().className() + ".level")) {
        conditions.keySet().retainAll(network.ports());
        for (NDArray guess : walk(golden, sampling, draws, network, conditions, manager)) {
          clouds.add(below == null ? guess : NDArrays.concat(new NDList(below, guess), 1));
        }
      }
      draws += 1 + sampling.steps();
    }
    JsonNode diffusion =
        golden.facts().path("components").path(components.getFirst()).path("diffusion_config");
    Map<String, NDArray> made = new LinkedHashMap<>();
    for (int i = 0; i < clouds.size(); i++) {
      made.put("progress." + i, turned(world(clouds.get(i), diffusion)));
    }
    NDArray samples = turned(world(clouds.getLast(), diffusion));
    made.put("samples", samples);
    made.put("coords", samples.get(":, :3"));
    made.put("colours", samples.get(":, 3:").clip(0, 255).round().div(255));
    return made;
  }

  /** What the case says of a network, and how large the grid of its CLIP is. */
  private static GoldenComponent component(GoldenCase golden, String name) {
    GoldenComponent plain = GoldenComponent.of(golden, name);
    ObjectNode config =
        golden.facts().path("components").path(name).path("model_config").deepCopy();
    config.set("grid_size", golden.facts().path("clip_dimensions").path("grid_size"));
    return new GoldenComponent(name, PublishedConfig.of(name, config), plain.weights());
  }

  private static Sampling sampling(GoldenCase golden, String component, JsonNode call, int i) {
    JsonNode diffusion = golden.facts().path("components").path(component).path("diffusion_config");
    return new Sampling(
        Sampling.PUBLISHED,
        call.path("karras_steps").path(i).intValue(),
        PointEFolder.guidance(call.path("guidance_scale").path(i).doubleValue()),
        new Schedule.Published(
            Map.of(
                "_class_name",
                golden.facts().path("end_to_end").path("class").textValue(),
                "num_train_timesteps",
                diffusion.path("timesteps").intValue(),
                "beta_schedule",
                diffusion.path("schedule").textValue(),
                "sigma_min",
                call.path("sigma_min").path(i).doubleValue(),
                "sigma_max",
                call.path("sigma_max").path(i).doubleValue(),
                "rho",
                call.path("rho").doubleValue(),
                "s_churn",
                call.path("s_churn").path(i).doubleValue(),
                "clip_denoised",
                call.path("clip_denoised").booleanValue())));
  }

  /** A cloud in metres, with colours of 0 to 255 where a card's are of 0 to 1. */
  private static NDArray world(NDArray cloud, JsonNode diffusion) {
    List<Double> scales = numbers(diffusion.path("channel_scales"));
    List<Double> biases = numbers(diffusion.path("channel_biases"));
    return cloud
        .mul(channels(cloud, PointE.scale(scales)))
        .add(channels(cloud, PointE.offset(scales, biases)))
        .mul(channels(cloud, List.of(1., 1., 1., 255., 255., 255.)));
  }

  private static NDArray channels(NDArray like, List<Double> values) {
    return like.getManager()
        .create(values.stream().mapToDouble(Double::doubleValue).toArray())
        .toType(like.getDataType(), false);
  }

  private static List<Double> numbers(JsonNode list) {
    List<Double> numbers = new ArrayList<>();
    list.forEach(number -> numbers.add(number.doubleValue()));
    return numbers;
  }

  /** The guess of every step, and where the walk ends. */
  private static List<NDArray> walk(
      GoldenCase golden,
      Sampling sampling,
      int firstDraw,
      Network network,
      Map<String, NDArray> conditions,
      NDManager manager)
      throws InterruptedException {
    Draw recorded =
        (like, step, _) -> {
          NDManager scope = like.getManager();
          return turned(EndToEnd.given(golden, scope, "in.noise." + (firstDraw + 1 + step)));
        };
    Map<String, NDArray> withheld = new LinkedHashMap<>();
    conditions.forEach((port, given) -> withheld.put(port, given.zerosLike()));
    Denoiser denoiser =
        new LevelDenoiser(network, NOISE, sampling).guided(new Conditioning(conditions, withheld));
    WalkRecipe walk = LevelWalk.of(NOISE, sampling);
    Trajectory trajectory = new Trajectory(walk.sampler(), denoiser, recorded);
    List<NDArray> guesses = new ArrayList<>();
    Observer observer =
        new Observer() {
          @Override
          public void seen(Estimate now, int step) {
            NDArray kept = now.denoised().duplicate();
            kept.attach(manager);
            guesses.add(kept);
          }
        };
    NDArray noise = turned(EndToEnd.given(golden, manager, "in.noise." + firstDraw));
    Waypoint end =
        trajectory.on(trajectory.at(walk.levels(), walk.begin(noise), golden.name()), observer);
    guesses.add(walk.leave(end.x()));
    return guesses;
  }
}
