package glimt.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Chain;
import glimt.diffusion.Course;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Estimate;
import glimt.diffusion.Guidance;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.ProjectedGuidance;
import glimt.diffusion.Thresholding;
import glimt.diffusion.WalkRecipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * Cases for single operations: guidance, thresholding, network wrappers and the forward process.
 */
final class Operators {
  private Operators() {}

  static void guidance(Settings config, JsonNode json, Replay replay) {
    config.ignore("shape");
    if (config.given("momentum")) {
      projected(config, json, replay);
      return;
    }
    Guidance guidance;
    if (config.given("min_guidance_scale")) {
      config.only(Map.of("layout", "[B, F, C, H, W]"));
      guidance =
          Guidance.perFrame(
              config.number("min_guidance_scale"), config.number("max_guidance_scale"), 1);
    } else {
      double scale = config.number("guidance_scale");
      boolean original = config.flag("use_original_formulation");
      guidance = Guidance.scale(original ? scale + 1 : scale);
      double phi = config.number("guidance_rescale");
      if (phi > 0) {
        guidance = guidance.rescaled(phi);
      }
      if (config.given("zero_star")) {
        throw config.unknown("zero_star");
      }
    }
    config.close();
    replay.result(guidance.guide(replay.array("cond"), replay.array("uncond")));
  }

  /** Adaptive projected guidance over a few steps, which pass on the running difference. */
  private static void projected(Settings config, JsonNode json, Replay replay) {
    ProjectedGuidance guidance =
        new ProjectedGuidance(
            config.number("guidance_scale"),
            config.number("eta"),
            config.number("momentum"),
            config.number("norm_threshold"));
    config.ignore("steps");
    config.close();
    Estimate before = null;
    List<NDArray> guided = new ArrayList<>();
    for (JsonNode event : json.get("events")) {
      if (event.get("k").asText().equals("input")) {
        NDArray c = Tensor.of(event.get("cond")).array(replay.manager(), replay.type());
        NDArray u = Tensor.of(event.get("uncond")).array(replay.manager(), replay.type());
        Denoiser denoiser = guidance.of(Denoiser.of((_, _) -> c), Denoiser.of((_, _) -> u));
        before = denoiser.estimate(c, 1, before);
        guided.add(before.denoised());
      }
    }
    replay.result(NDArrays.stack(new NDList(guided)));
  }

  static void thresholding(Settings config, JsonNode json, Replay replay) {
    config.ignore("shape");
    NDArray x = replay.array("x");
    NDArray kept =
        switch (config.text("op")) {
          case "dynamic threshold" ->
              Thresholding.dynamic(config.number("percentile"), Double.POSITIVE_INFINITY).apply(x);
          case "dynamic threshold (diffusers)" ->
              Thresholding.dynamic(
                      config.number("dynamic_thresholding_ratio"),
                      config.number("sample_max_value"))
                  .apply(x);
          default -> throw config.unknown("op");
        };
    config.close();
    replay.result(kept);
  }

  static void wrapper(Settings config, JsonNode json, Replay replay) {
    config.ignore("shape");
    Preconditioning terms =
        switch (config.text("library")) {
          case "edm" -> precond(config, config.settings("args"));
          case "k-diffusion" -> wrapped(config);
          default -> throw config.unknown("library");
        };
    config.close();
    Denoiser denoiser = terms.denoiser(replay::network);
    List<NDArray> denoised = new ArrayList<>();
    for (JsonNode event : json.get("events")) {
      if (event.get("k").asText().equals("input")) {
        NDArray x = Tensor.of(event.get("x")).array(replay.manager(), replay.type());
        denoised.add(denoiser.estimate(x, event.get("sigma").asDouble(), null).denoised());
      }
    }
    replay.result(NDArrays.stack(new NDList(denoised)));
  }

  private static Preconditioning precond(Settings config, Settings args) {
    Preconditioning terms =
        switch (config.text("precond")) {
          case "EDMPrecond" -> Preconditioning.edm(args.number("sigma_data", 0.5));
          case "VPPrecond" -> {
            Course course =
                Course.variancePreserving(
                    args.number("beta_d", 19.9), args.number("beta_min", 0.1));
            double length = args.number("M", 1000);
            yield Preconditioning.epsilon(s -> (length - 1) * course.time().applyAsDouble(s));
          }
          case "VEPrecond" -> new Preconditioning(_ -> 1, s -> s, _ -> 1, s -> Math.log(s / 2));
          default -> throw config.unknown("precond");
        };
    args.ignore("epsilon_t", "sigma_min", "sigma_max").close();
    return terms;
  }

  private static Preconditioning wrapped(Settings config) {
    if (config.given("quantize")) {
      config.only(Map.of("betas", "linear 1e-4..0.02, 1000 steps, float64"));
      DoubleUnaryOperator time = Chain.linear(1000, 1e-4, 0.02).time();
      boolean whole = config.flag("quantize");
      return whole
          ? Preconditioning.epsilon(s -> Math.rint(time.applyAsDouble(s)))
          : Preconditioning.epsilon(time);
    }
    config.only(Map.of("note", "continuous v-prediction wrapper; t = atan(sigma)*2/pi"));
    return Preconditioning.velocity(s -> Math.atan(s) * 2 / Math.PI);
  }

  /** Noising, velocities and the posterior, in the coordinates of each source. */
  static void forward(Settings config, JsonNode json, Replay replay) {
    config.ignore("shape");
    NDArray clean = replay.array("x0");
    NDArray noise = replay.array("noise");
    if (config.text("library").equals("improved-diffusion")) {
      Chain chain = OpenAi.chain(config.text("beta_schedule"), config.integer("n"), config);
      double[] t = config.numbers("t");
      config.close();
      posterior(replay, chain, t);
      replay.result(rows(t, i -> noisy(chain.abar((int) t[i]), clean.get(i), noise.get(i))));
      return;
    }
    double[] t = config.numbers("timesteps");
    String scheduler = config.text("scheduler");
    if (scheduler.equals("DDPMScheduler")) {
      Chain chain = Diffusers.published(config).chain().orElseThrow();
      config.given("num_inference_steps");
      config.close();
      boolean velocity = json.get("id").asText().contains("velocity");
      replay.result(
          rows(
              t,
              i -> {
                double abar = chain.abar((int) t[i]);
                return velocity
                    ? noisy(abar, noise.get(i), clean.get(i).neg())
                    : noisy(abar, clean.get(i), noise.get(i));
              }));
      return;
    }
    WalkRecipe walk = Diffusers.compared(config, replay);
    config.close();
    replay.result(
        rows(
            t,
            i -> {
              double sigma = walk.levels().sigma((int) t[i]);
              return walk.frame()
                  .leave(clean.get(i), sigma)
                  .add(noise.get(i).mul(walk.frame().scale(sigma) * sigma));
            }));
  }

  private static NDArray noisy(double abar, NDArray clean, NDArray noise) {
    return clean.mul(Math.sqrt(abar)).add(noise.mul(Math.sqrt(1 - abar)));
  }

  private static void posterior(Replay replay, Chain chain, double[] t) {
    NDArray clean = replay.array("x0");
    NDArray noise = replay.array("noise");
    int n = t.length;
    replay.beside("q_variance", OpenAi.each(n, i -> 1 - chain.abar((int) t[i])));
    replay.beside("q_log_variance", OpenAi.each(n, i -> Math.log1p(-chain.abar((int) t[i]))));
    replay.beside("posterior_variance", OpenAi.each(n, i -> chain.posteriorVariance((int) t[i])));
    replay.beside(
        "posterior_log_variance_clipped", OpenAi.each(n, i -> OpenAi.clipped(chain, (int) t[i])));
    replay.beside(
        "q_mean",
        Tensor.of(rows(t, i -> clean.get(i).mul(Math.sqrt(chain.abar((int) t[i]))))).data());
    replay.beside(
        "posterior_mean",
        Tensor.of(
                rows(
                    t,
                    i -> {
                      int at = (int) t[i];
                      NDArray z = noisy(chain.abar(at), clean.get(i), noise.get(i));
                      return clean
                          .get(i)
                          .mul(chain.posteriorOfClean(at))
                          .add(z.mul(chain.posteriorOfNoisy(at)));
                    }))
            .data());
  }

  private static NDArray rows(double[] t, java.util.function.IntFunction<NDArray> row) {
    NDList all = new NDList();
    for (int i = 0; i < t.length; i++) {
      all.add(row.apply(i));
    }
    return NDArrays.stack(all);
  }
}
