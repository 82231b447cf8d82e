package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Chain;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Sde;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;

/** Cases for tables of numbers: schedules, time steps and scalings. */
final class Tables {
  private Tables() {}

  static void schedule(Settings config, JsonNode json, Replay replay) {
    switch (config.text("library")) {
      case "diffusers" -> {
        abar(json, replay, Diffusers.published(config).chain().orElseThrow());
      }
      case "improved-diffusion" -> {
        Chain chain = OpenAi.chain(config.text("name"), config.integer("n"), config);
        replay.beside("posterior_variance", at(json, chain::posteriorVariance));
        replay.beside("posterior_log_variance_clipped", at(json, t -> OpenAi.clipped(chain, t)));
        replay.beside("posterior_mean_coef1", at(json, chain::posteriorOfClean));
        replay.beside("posterior_mean_coef2", at(json, chain::posteriorOfNoisy));
        abar(json, replay, chain);
      }
      case "k-diffusion" -> {
        String name = config.text("function").substring("get_sigmas_".length());
        Settings args = config.settings("args");
        replay.result(KDiffusion.schedule(name, args).sigmas());
      }
      case "imagen-pytorch" -> imagen(config, json, replay);
      case "score_sde_pytorch" -> sde(config, json, replay);
      default -> throw config.unknown("library");
    }
    config.close();
  }

  private static double[] at(JsonNode json, IntToDoubleFunction value) {
    return Arrays.stream(Tensor.numbers(json.get("indices")))
        .map(t -> value.applyAsDouble((int) t))
        .toArray();
  }

  private static void abar(JsonNode json, Replay replay, Chain chain) {
    replay.beside("betas", at(json, chain::beta));
    replay.beside("alphas_cumprod", at(json, chain::abar));
    replay.result(at(json, chain::abar));
  }

  private static void imagen(Settings config, JsonNode json, Replay replay) {
    DoubleUnaryOperator logSnr =
        switch (config.text("noise_schedule")) {
          case "cosine" -> NoiseSchedule::cosineLogSnr;
          case "linear" -> NoiseSchedule::linearLogSnr;
          default -> throw config.unknown("noise_schedule");
        };
    double[] logs = Arrays.stream(Tensor.numbers(json.get("t"))).map(logSnr).toArray();
    double[] alphas =
        Arrays.stream(logs).map(l -> Preconditioning.signal(Math.exp(-l / 2))).toArray();
    replay.beside("alpha", alphas);
    replay.beside("sigma", Arrays.stream(alphas).map(a -> Math.sqrt(1 - a * a)).toArray());
    replay.result(logs);
  }

  private static void sde(Settings config, JsonNode json, Replay replay) {
    Settings args = config.settings("sde_args");
    Sde sde = ScoreSde.sde(config.text("sde"), args, config);
    args.close();
    int n = config.integer("N");
    double[] t = Tensor.numbers(json.get("t"));
    double[][] rows = {
      each(t, sde::mean), each(t, sde::deviation), each(t, sde::drift), each(t, sde::diffusion)
    };
    replay.beside("marginal_mean_coeff", rows[0]);
    replay.beside("marginal_std", rows[1]);
    replay.beside("drift_coeff", rows[2]);
    replay.beside("diffusion", rows[3]);
    // A general SDE is discretised at t itself, VP and VE at the level of t.
    boolean general = sde instanceof Sde.SubVariancePreserving;
    DoubleUnaryOperator f = v -> general ? sde.drift(v) / n : sde.stepDrift((int) (v * (n - 1)), n);
    DoubleUnaryOperator g =
        v -> general ? sde.diffusion(v) / Math.sqrt(n) : sde.stepDiffusion((int) (v * (n - 1)), n);
    replay.beside("discretize_f", each(t, f));
    replay.beside("discretize_G", each(t, g));
    double prior = sde.priorLogDensity(4, 4);
    if (Math.abs(prior - json.get("prior_logp_of_ones").asDouble()) > 1e-9) {
      throw Verdict.failed("the prior of ones is " + prior);
    }
    replay.result(Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray());
  }

  private static double[] each(double[] t, DoubleUnaryOperator value) {
    return Arrays.stream(t).map(value).toArray();
  }

  static void respacing(Settings config, JsonNode json, Replay replay) {
    config.ignore("library");
    int[] levels = OpenAi.respacing(config.text("section_counts"), config.integer("num_timesteps"));
    config.close();
    replay.result(Arrays.stream(levels).asDoubleStream().toArray());
  }

  static void boundary(Settings config, JsonNode json, Replay replay) {
    config.ignore("library");
    double data = config.number("sigma_data");
    Preconditioning boundary =
        Preconditioning.consistency(data, config.number("sigma_min"), Math::log);
    Preconditioning edm = Preconditioning.edm(data);
    config.close();
    double[] sigma = Tensor.numbers(json.get("sigma"));
    double[][] rows = {
      each(sigma, boundary.skip()), each(sigma, boundary.out()), each(sigma, boundary.in()),
      each(sigma, edm.skip()), each(sigma, edm.out()), each(sigma, edm.in())
    };
    replay.result(Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray());
  }
}
