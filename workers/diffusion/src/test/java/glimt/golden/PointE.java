package glimt.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Ancestral;
import glimt.diffusion.Chain;
import glimt.diffusion.Churn;
import glimt.diffusion.Clipping;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Estimate;
import glimt.diffusion.Guidance;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import glimt.diffusion.Variance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** Both samplers of openai/point-e, for clouds [B, 6, points] of positions and colours. */
final class PointE implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape", "num_points");
    Settings diffusion = config.settings("diffusion");
    diffusion.only(Map.of("mean_type", "epsilon", "var", "learned_range"));
    int length = diffusion.integer("timesteps");
    Chain chain = OpenAi.chain(diffusion.text("schedule"), length, diffusion);
    double scale = config.number("guidance_scale");
    config.only(Map.of("use_karras", false));
    Clipping kept =
        config.flag("clip_denoised") ? new Clipping.StaticClipping(1) : new Clipping.None();
    NDArray end;
    if (diffusion.given("respacing")) {
      int[] map = OpenAi.respacing(diffusion.text("respacing"), length);
      end = ancestral(replay, chain.respaced(map), map, scale, config.integer("batch_size"), kept);
    } else {
      config.given("batch_size");
      end = karras(config, replay, chain, scale, kept);
    }
    NDArray bias = channels(replay, diffusion.numbers("channel_biases"));
    NDArray scales = channels(replay, diffusion.numbers("channel_scales"));
    diffusion.close();
    config.close();
    replay.result(end.sub(bias).div(scales));
  }

  private static NDArray channels(Replay replay, double[] values) {
    return replay
        .manager()
        .create(values)
        .toType(replay.type(), false)
        .reshape(1, values.length, 1);
  }

  /** DDPM, with guidance of positions only. */
  private static NDArray ancestral(
      Replay replay, Chain chain, int[] map, double scale, int batch, Clipping kept) {
    DoubleUnaryOperator place = chain.time();
    replay.schedule("timestep_map", Arrays.stream(map).asDoubleStream().toArray());
    Denoiser denoiser =
        Preconditioning.epsilon(s -> map[(int) Math.rint(place.applyAsDouble(s))])
            .denoiserWithVariance(
                scale == 0
                    ? replay::network
                    : Guidance.scale(scale).onChannels(3).batched(replay::network))
            .then(kept.operator());
    int n = chain.length();
    NoiseSchedule levels = chain.schedule(IntStream.range(0, n).map(i -> n - 1 - i).toArray(), 0);
    NDArray x = replay.start(1).get(":" + batch).div(Preconditioning.signal(levels.sigma(0)));
    return replay.walk(Ancestral.ddpm(Variance.learned()), denoiser, levels, x);
  }

  private static NDArray karras(
      Settings config, Replay replay, Chain chain, double scale, Clipping kept) {
    NoiseSchedule levels =
        NoiseSchedule.karras(
            config.integer("karras_steps"),
            config.number("sigma_min"),
            config.number("sigma_max"),
            config.number("rho", 7));
    replay.schedule("sigmas", levels.sigmas());
    Churn churn =
        new Churn(
            config.number("s_churn"),
            config.number("s_tmin", 0),
            config.number("s_tmax", Double.POSITIVE_INFINITY),
            config.number("s_noise", 1));
    Sampler sampler =
        switch (config.text("sampler")) {
          case "heun" -> churn.before(RungeKutta.heun());
          case "dpm" -> churn.before(RungeKutta.cubicMidpoint());
          case "ancestral" -> Ancestral.of(RungeKutta.euler(), 1, 1);
          default -> throw config.unknown("sampler");
        };
    Preconditioning terms = Preconditioning.epsilonOfWholeTimes(chain);
    boolean guided = scale != 0 && scale != 1;
    List<Tensor> seen = new ArrayList<>();
    Denoiser denoiser =
        (x, sigma, _) -> {
          NDArray both = guided ? NDArrays.concat(new NDList(x, x)) : x;
          NDArray noise =
              replay.network(terms.input(both, sigma), terms.noise(sigma)).split(2, 1).get(0);
          NDArray d = kept.operator().apply(terms.denoised(both, sigma, noise));
          if (guided) {
            NDList rows = d.split(2);
            d = Guidance.scale(scale).guide(rows.get(0), rows.get(1));
          }
          seen.add(Tensor.of(d));
          return new Estimate(sigma, x, d);
        };
    NDArray end = replay.walk(sampler, denoiser, levels, replay.start(levels.sigma(0)));
    // A walk ends in its last prediction; "dpm" makes one more call after it.
    return config.text("sampler").equals("dpm")
        ? seen.get(seen.size() - 2).array(replay.manager(), replay.type())
        : end;
  }
}
