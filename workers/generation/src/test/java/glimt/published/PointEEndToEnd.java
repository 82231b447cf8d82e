package glimt.published;

import static glimt.published.NetworkChecks.turned;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Network;
import glimt.diffusion.Chain;
import glimt.diffusion.Draw;
import glimt.diffusion.Estimate;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Observer;
import glimt.diffusion.Prediction;
import glimt.diffusion.Trajectory;
import glimt.diffusion.Waypoint;
import glimt.pipeline.PointEStage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Both stages of Point-E, from a vector of CLIP's or nothing to a cloud. */
final class PointEEndToEnd implements EndToEnd {

  @Override
  public Map<String, NDArray> run(GoldenCase golden, NDManager manager)
      throws InterruptedException {
    Map<String, NDArray> made = new LinkedHashMap<>();
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
      GoldenComponent component = GoldenComponent.of(golden, components.get(i));
      PointEStage stage = stage(golden, components.get(i), call, i);
      NDArray below = clouds.isEmpty() ? null : clouds.getLast();
      if (below != null) {
        conditions.put("low_res", below);
        conditions.put("embeddings", manager.zeros(golden.shapeOfNoImage(1)));
      }
      try (Network network = component.network(component.config().className())) {
        conditions.keySet().retainAll(network.ports());
        for (NDArray guess :
            walk(golden, stage, draws, asked(stage, network, conditions), manager)) {
          NDArray world = stage.world(guess);
          clouds.add(below == null ? world : NDArrays.concat(new NDList(below, world), 1));
        }
      }
      draws += 1 + stage.steps();
    }
    for (int i = 0; i < clouds.size(); i++) {
      made.put("progress." + i, turned(clouds.get(i)));
    }
    NDArray samples = turned(clouds.getLast());
    made.put("samples", samples);
    made.put("coords", samples.get(":, :3"));
    made.put("colours", samples.get(":, 3:").clip(0, 255).round().div(255));
    return made;
  }

  private static PointEStage stage(GoldenCase golden, String component, JsonNode call, int i) {
    JsonNode diffusion = golden.facts().path("components").path(component).path("diffusion_config");
    int length = diffusion.path("timesteps").intValue();
    Chain chain =
        diffusion.path("schedule").textValue().equals("cosine")
            ? PointEStage.cosine(length)
            : PointEStage.linear(length);
    return new PointEStage(
        chain,
        call.path("num_points").path(i).intValue(),
        call.path("guidance_scale").path(i).doubleValue(),
        call.path("karras_steps").path(i).intValue(),
        call.path("sigma_min").path(i).doubleValue(),
        call.path("sigma_max").path(i).doubleValue(),
        call.path("s_churn").path(i).doubleValue(),
        numbers(diffusion.path("channel_scales")),
        numbers(diffusion.path("channel_biases")));
  }

  private static List<Double> numbers(JsonNode list) {
    List<Double> numbers = new ArrayList<>();
    list.forEach(number -> numbers.add(number.doubleValue()));
    return numbers;
  }

  /** The network under its conditions, and under none for the second half of a guided batch. */
  private static Prediction asked(
      PointEStage stage, Network network, Map<String, NDArray> conditions) {
    Map<String, NDArray> ports = new LinkedHashMap<>();
    conditions.forEach(
        (port, given) ->
            ports.put(
                port,
                stage.guided() ? NDArrays.concat(new NDList(given, given.zerosLike())) : given));
    return (input, noise) ->
        network.forward(
            input,
            input.getManager().full(new Shape(input.size(0)), (float) noise, DataType.FLOAT32),
            ports);
  }

  /** The guess of every step, and where the walk ends. */
  private static List<NDArray> walk(
      GoldenCase golden, PointEStage stage, int firstDraw, Prediction network, NDManager manager)
      throws InterruptedException {
    Draw recorded =
        (like, step, _) -> {
          NDManager scope = like.getManager();
          return turned(EndToEnd.given(golden, scope, "in.noise." + (firstDraw + 1 + step)));
        };
    NoiseSchedule levels = stage.levels();
    Trajectory walk = new Trajectory(stage.sampler(), stage.denoiser(network), recorded);
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
    Waypoint end = walk.on(walk.start(levels, noise, golden.name()), observer);
    guesses.add(end.x());
    return guesses;
  }
}
