package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** The adapters of the reference implementations. */
final class Adapters {
  private Adapters() {}

  private static final Map<String, Adapter> SAMPLERS =
      Map.ofEntries(
          Map.entry("diffusers", new Diffusers()),
          Map.entry("k-diffusion", new KDiffusion()),
          Map.entry("edm", new Edm()),
          Map.entry("improved-diffusion", new OpenAi()),
          Map.entry("guided-diffusion", new OpenAi()),
          Map.entry("consistency_models", new Consistent()),
          Map.entry("point-e", new PointE()),
          Map.entry("imagen-pytorch", new Imagen()),
          Map.entry("imagen-pytorch (elucidated)", new Imagen()),
          Map.entry("video-diffusion-pytorch", Posterior::video),
          Map.entry("diffusion-point-cloud", Posterior::cloud),
          Map.entry("score_sde_pytorch", new ScoreSde()),
          Map.entry("LuChengTHU/dpm-solver", new OfficialSolvers()),
          Map.entry("wl-zhao/UniPC", new OfficialSolvers()));

  static Adapter of(JsonNode json) {
    String category = json.path("category").asText();
    String library = json.path("config").path("library").asText();
    return switch (category) {
      case "sampler" -> {
        Adapter adapter = SAMPLERS.get(library);
        if (adapter == null) {
          throw Verdict.unknown("samplers of " + library);
        }
        yield adapter;
      }
      case "schedule" -> Tables::schedule;
      case "timesteps" -> library.equals("diffusers") ? Diffusers::times : Tables::respacing;
      case "forward" -> Operators::forward;
      case "guidance" -> Operators::guidance;
      case "thresholding" -> Operators::thresholding;
      case "wrapper" ->
          library.equals("consistency_models") ? Tables::boundary : Operators::wrapper;
      case "likelihood" -> Bounds::run;
      case "metric" -> Measures::run;
      default -> throw Verdict.unknown("category " + category);
    };
  }
}
