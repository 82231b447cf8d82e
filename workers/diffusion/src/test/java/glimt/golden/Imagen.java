package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Ancestral;
import glimt.diffusion.Churn;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Guidance;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Thresholding;
import glimt.diffusion.Variance;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** Both diffusion processes of lucidrains/imagen-pytorch. */
final class Imagen implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape");
    Prediction network = guided(replay, config.number("cond_scale"));
    boolean dynamic = config.flag("dynamic_threshold");
    double quantile = config.number("dynamic_thresholding_percentile");
    NDArray end;
    if (config.has("hparams")) {
      Settings params = config.settings("hparams");
      NDArray last = elucidated(params, replay, d -> kept(d, dynamic, quantile), network);
      end = last.clip(-1, 1).add(1).div(2); // to [0, 1]
      config.only(java.util.Map.of("clamp", true)).ignore("hparams");
    } else {
      end = continuous(config, replay, d -> kept(d, dynamic, quantile), network);
    }
    config.close();
    replay.result(end.clip(-1, 1));
  }

  /** Evaluates the conditional prediction first, as the reference does. */
  static Prediction guided(Replay replay, double scale) {
    if (scale == 1) {
      return replay::network;
    }
    return (input, t) -> {
      NDArray conditional = replay.network(input, t);
      return Guidance.scale(scale).guide(conditional, replay.network(input, t));
    };
  }

  private static Denoiser kept(Denoiser denoiser, boolean dynamic, double quantile) {
    return denoiser.then(
        dynamic
            ? Thresholding.dynamic(quantile, Double.POSITIVE_INFINITY)
            : Thresholding.clamped(1));
  }

  private static NDArray continuous(
      Settings config,
      Replay replay,
      java.util.function.UnaryOperator<Denoiser> kept,
      Prediction network) {
    DoubleUnaryOperator logSnr =
        switch (config.text("noise_schedule")) {
          case "cosine" -> NoiseSchedule::cosineLogSnr;
          case "linear" -> NoiseSchedule::linearLogSnr;
          default -> throw config.unknown("noise_schedule");
        };
    int steps = config.integer("timesteps");
    NoiseSchedule levels = NoiseSchedule.logSnr(steps, logSnr);
    double[] t = IntStream.rangeClosed(0, steps).mapToDouble(i -> 1 - (double) i / steps).toArray();
    double[] logs = Arrays.stream(t).map(logSnr).toArray();
    replay
        .schedule("t", Arrays.copyOf(t, steps))
        .schedule("t_next", Arrays.copyOfRange(t, 1, steps + 1))
        .schedule("log_snr", Arrays.copyOf(logs, steps))
        .schedule("log_snr_next", Arrays.copyOfRange(logs, 1, steps + 1));
    DoubleUnaryOperator time = s -> -2 * Math.log(s);
    Preconditioning terms =
        switch (config.text("pred_objective")) {
          case "noise" -> Preconditioning.epsilon(time);
          case "x_start" -> Preconditioning.sample(time);
          case "v" -> Preconditioning.velocity(time);
          default -> throw config.unknown("pred_objective");
        };
    NDArray x = replay.start(1).div(Preconditioning.signal(levels.sigma(0)));
    NDArray end =
        replay.walk(
            Ancestral.ddpm(Variance.small()), kept.apply(terms.denoiser(network)), levels, x);
    return end.mul(Preconditioning.signal(levels.sigma(steps)));
  }

  private static NDArray elucidated(
      Settings params,
      Replay replay,
      java.util.function.UnaryOperator<Denoiser> kept,
      Prediction network) {
    NoiseSchedule levels =
        NoiseSchedule.karras(
            params.integer("num_sample_steps"),
            params.number("sigma_min"),
            params.number("sigma_max"),
            params.number("rho"));
    replay.schedule("sigmas", levels.sigmas());
    Churn churn =
        new Churn(
            params.number("S_churn"),
            params.number("S_tmin"),
            params.number("S_tmax"),
            params.number("S_noise"));
    params.ignore("P_mean", "P_std"); // used only in training
    Denoiser denoiser =
        kept.apply(Preconditioning.edm(params.number("sigma_data")).denoiser(network));
    params.close();
    return replay.walk(
        churn.before(RungeKutta.heun()), denoiser, levels, replay.start(levels.sigma(0)));
  }
}
