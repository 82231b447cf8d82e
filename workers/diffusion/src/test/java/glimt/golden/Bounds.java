package glimt.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Chain;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Estimate;
import glimt.diffusion.Likelihood;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Observer;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Sde;
import glimt.diffusion.Thresholding;
import glimt.diffusion.Trajectory;
import glimt.diffusion.Variance;
import glimt.diffusion.Waypoint;
import java.util.Arrays;
import java.util.Map;

/**
 * Cases for likelihoods: the bounds of openai/improved-diffusion and the flow of score_sde_pytorch.
 */
final class Bounds {
  private Bounds() {}

  static void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("shape").only(Map.of("model_mean_type", "EPSILON"));
    if (json.has("probe")) {
      flow(config, json, replay);
      return;
    }
    if (json.has("mean1")) {
      config.ignore("library").only(Map.of("units", "nats"));
      replay.result(
          Likelihood.normalDivergence(
              list(json, replay, "mean1"),
              list(json, replay, "logvar1"),
              list(json, replay, "mean2"),
              list(json, replay, "logvar2")));
    } else if (json.has("log_scales")) {
      config.ignore("library", "x").only(Map.of("units", "nats", "bin_half_width", "1/255"));
      replay.result(
          Likelihood.binLogLikelihood(
              list(json, replay, "x"),
              list(json, replay, "means"),
              list(json, replay, "log_scales")));
    } else if (json.has("vb") && config.text("library").endsWith("-diffusion")) {
      bound(config, json, replay);
    } else {
      throw config.unknown("library");
    }
    config.close();
  }

  private static NDArray list(JsonNode json, Replay replay, String key) {
    return replay.manager().create(Tensor.numbers(json.get(key))).toType(replay.type(), false);
  }

  private static void bound(Settings config, JsonNode json, Replay replay) {
    int steps = config.integer("diffusion_steps");
    int[] map = OpenAi.respacing(config.text("respacing"), steps);
    Chain chain = OpenAi.chain(config.text("beta_schedule"), steps, config).respaced(map);
    Variance variance =
        switch (config.text("model_var_type")) {
          case "FIXED_SMALL" -> Variance.small();
          case "FIXED_LARGE" -> Variance.large();
          case "LEARNED_RANGE" -> Variance.learned();
          default -> throw config.unknown("model_var_type");
        };
    boolean learned = config.text("model_var_type").startsWith("LEARNED");
    if (json.has("loss")) {
      config.only(Map.of("loss_type", "MSE"));
      loss(json, replay, chain, map, variance);
      return;
    }
    replay.schedule("timestep_map", Arrays.stream(map).asDoubleStream().toArray());
    Preconditioning terms =
        Preconditioning.epsilon(s -> map[(int) Math.rint(chain.time().applyAsDouble(s))]);
    Denoiser denoiser =
        learned ? terms.denoiserWithVariance(replay::network) : terms.denoiser(replay::network);
    if (config.flag("clip_denoised")) {
      denoiser = denoiser.then(Thresholding.clamped(1));
    }
    NDArray clean = replay.array("x0");
    NDList bits = new NDList();
    for (int t = chain.length() - 1; t >= 0; t--) {
      double sigma = chain.sigma(t);
      Estimate now = denoiser.estimate(clean.add(replay.draw().mul(sigma)), sigma, null);
      bits.add(Likelihood.term(chain, t, clean, now, variance));
    }
    NDArray prior = Likelihood.prior(chain, clean);
    replay.beside("prior_bpd", Tensor.of(prior).data());
    replay.beside("vb", Tensor.of(NDArrays.stack(bits, 1)).data());
    replay.result(NDArrays.stack(bits, 1).sum(new int[] {1}).add(prior));
  }

  /**
   * The hybrid loss, for which every row has its own t and the network evaluates all rows in one
   * call.
   */
  private static void loss(
      JsonNode json, Replay replay, Chain chain, int[] map, Variance variance) {
    double[] t = Tensor.numbers(json.get("t"));
    if (!Arrays.equals(
        Tensor.numbers(json.get("timestep_map")), Arrays.stream(map).asDoubleStream().toArray())) {
      throw Verdict.failed("another timestep_map: " + Arrays.toString(map));
    }
    NDArray clean = replay.array("x0");
    NDArray noise = replay.array("noise");
    NDList inputs = new NDList();
    for (int i = 0; i < t.length; i++) {
      double abar = chain.abar((int) t[i]);
      inputs.add(clean.get(i).mul(Math.sqrt(abar)).add(noise.get(i).mul(Math.sqrt(1 - abar))));
    }
    double[] times = Arrays.stream(t).map(v -> map[(int) v]).toArray();
    NDList halves = replay.network(NDArrays.stack(inputs), times).split(2, 1);
    double[] bound = new double[t.length];
    double[] square = new double[t.length];
    for (int i = 0; i < t.length; i++) {
      String row = i + ":" + (i + 1);
      double sigma = chain.sigma((int) t[i]);
      NDArray eps = halves.get(0).get(row);
      NDArray x = clean.get(row).add(noise.get(row).mul(sigma));
      Estimate now =
          new Estimate(sigma, x, x.sub(eps.mul(sigma)))
              .aside(Variance.LEARNED, halves.get(1).get(row));
      NDArray term = Likelihood.term(chain, (int) t[i], clean.get(row), now, variance);
      bound[i] = Tensor.of(term).data()[0];
      NDArray off = noise.get(row).sub(eps);
      square[i] = Tensor.of(off.mul(off).mean()).data()[0];
    }
    replay.beside("vb", bound);
    replay.beside("mse", square);
    replay.result(OpenAi.each(t.length, i -> bound[i] + square[i]));
  }

  /**
   * Bits per dimension by the probability flow, of data as a sample z of the variance-preserving
   * SDE.
   */
  private static void flow(Settings config, JsonNode json, Replay replay) {
    config
        .ignore("library", "hutchinson", "inverse_scaler", "rtol", "atol")
        .only(Map.of("method", "RK45"));
    Settings args = config.settings("sde_args");
    Sde sde = ScoreSde.sde(config.text("sde"), args, config);
    args.close();
    double end = config.number("eps");
    config.close();
    AnalyticModel model = new AnalyticModel(json.get("model"));
    Denoiser denoiser =
        Denoiser.of((x, sigma) -> model.denoised(x, sigma).array(x.getManager(), replay.type()));
    NDArray probe = replay.array("probe");
    NDArray x = replay.array("data").div(sde.mean(end));
    NoiseSchedule levels =
        NoiseSchedule.exponential(401, sde.sigma(end), sde.sigma(1)).early(400).rising();
    Trajectory walk = new Trajectory(Likelihood.density(probe), denoiser, replay.tape());
    try (Waypoint start = walk.at(levels, x, "golden");
        Waypoint top = walk.on(start, Observer.NOBODY)) {
      double[] z = Tensor.of(top.x().mul(sde.mean(1))).data();
      double[] v = Tensor.of(probe).data();
      double[] carried = Tensor.of(top.memory().arrays().get(Likelihood.DENSITY)).data();
      int d = z.length / carried.length;
      replay.result(
          OpenAi.each(
              carried.length,
              row -> {
                double scale = square(v, row, d) * Math.log(sde.mean(1) / sde.mean(end));
                double prior = sde.priorLogDensity(square(z, row, d), d);
                return -(prior + scale + carried[row]) / Math.log(2) / d + 8;
              }));
    } catch (InterruptedException stopped) {
      throw new AssertionError(stopped);
    }
  }

  private static double square(double[] values, int row, int d) {
    double sum = 0;
    for (int i = row * d; i < (row + 1) * d; i++) {
      sum += values[i] * values[i];
    }
    return sum;
  }
}
