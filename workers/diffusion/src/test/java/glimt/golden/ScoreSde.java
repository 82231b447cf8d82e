package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Denoiser;
import glimt.diffusion.DpmSolver;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.PredictorCorrector;
import glimt.diffusion.PredictorCorrector.Corrector;
import glimt.diffusion.PredictorCorrector.Predictor;
import glimt.diffusion.Sampler;
import glimt.diffusion.Sde;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** The predictor-corrector and ODE samplers of yang-song/score_sde_pytorch. */
final class ScoreSde implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape");
    Settings args = config.settings("sde_args");
    Sde sde = sde(config.text("sde"), args, config);
    args.close();
    if (config.given("method")) {
      ode(config, sde, json, replay);
      return;
    }
    int n = config.integer("N");
    double end = config.number("eps");
    config.only(Map.of("denoise", true));
    replay
        .schedule("t", IntStream.range(0, n).mapToDouble(i -> time(i, n, end)).toArray())
        .schedule("index", IntStream.range(0, n).mapToDouble(i -> n - 1 - i).toArray());
    PredictorCorrector pair = new PredictorCorrector(sde, n, end);
    boolean flow = config.flag("probability_flow");
    Predictor predictor =
        switch (config.text("predictor")) {
          case "reverse_diffusion" ->
              flow ? Predictor.PROBABILITY_FLOW : Predictor.REVERSE_DIFFUSION;
          case "ancestral" -> Predictor.ANCESTRAL;
          case "euler_maruyama" -> Predictor.EULER_MARUYAMA;
          case "none" -> Predictor.NONE;
          default -> throw config.unknown("predictor");
        };
    if (flow && predictor != Predictor.PROBABILITY_FLOW) {
      throw config.unknown("probability_flow");
    }
    if (predictor == Predictor.EULER_MARUYAMA) {
      replay.drawsFirst();
    }
    double snr = config.number("snr");
    int times = config.integer("n_steps");
    String name = config.text("corrector");
    Corrector corrector =
        switch (name) {
          case "langevin" -> pair.langevin(snr, times);
          case "ald" -> pair.annealed(snr, times);
          case "none" -> pair.uncorrected();
          default -> throw config.unknown("corrector");
        };
    Denoiser denoiser = denoiser(sde, n, end, config.flag("continuous"), replay);
    config.close();
    NoiseSchedule levels = sde.schedule(n, end);
    NDArray x = replay.start(1).div(sde.mean(1));
    Sampler sampler = pair.sampler(predictor, corrector, name);
    replay.result(replay.walk(sampler, denoiser, levels, x));
  }

  private static double time(int i, int n, double end) {
    return 1 + (end - 1) * i / (n - 1);
  }

  static Sde sde(String name, Settings args, Settings config) {
    return switch (name) {
      case "vp" ->
          new Sde.VariancePreserving(args.number("beta_min", 0.1), args.number("beta_max", 20));
      case "subvp" ->
          new Sde.SubVariancePreserving(args.number("beta_min", 0.1), args.number("beta_max", 20));
      case "ve" ->
          new Sde.VarianceExploding(args.number("sigma_min", 0.01), args.number("sigma_max", 50));
      default -> throw config.unknown("sde");
    };
  }

  /**
   * VP networks predict the noise at time input 999 t; VE networks predict the score at sigma or a
   * discrete index.
   */
  private static Denoiser denoiser(Sde sde, int n, double end, boolean continuous, Replay replay) {
    NoiseSchedule levels = sde.schedule(n, end);
    if (sde instanceof Sde.VarianceExploding) {
      DoubleUnaryOperator index =
          levels.naming(IntStream.range(0, n).mapToDouble(i -> i).toArray());
      return Preconditioning.score(continuous ? s -> s : index).denoiser(replay::network);
    }
    if (!continuous) {
      throw Verdict.unknown("a discrete " + sde.name());
    }
    DoubleUnaryOperator time =
        levels.naming(IntStream.range(0, n).mapToDouble(i -> time(i, n, end)).toArray());
    return new Preconditioning(
            _ -> 1, s -> -s, s -> sde.mean(time.applyAsDouble(s)), s -> 999 * time.applyAsDouble(s))
        .denoiser(replay::network);
  }

  /**
   * The reference uses a generic ODE solver with tight tolerances, so any accurate solver must
   * agree.
   */
  private static void ode(Settings config, Sde sde, JsonNode json, Replay replay) {
    config.only(Map.of("method", "RK45", "denoise", false)).ignore("rtol", "atol");
    double end = config.number("eps");
    config.close();
    if (!(sde instanceof Sde.VariancePreserving)) {
      throw Verdict.unknown("an ODE of " + sde.name());
    }
    AnalyticModel model = new AnalyticModel(json.get("model"));
    Denoiser analytic =
        Denoiser.of((x, sigma) -> model.denoised(x, sigma).array(x.getManager(), replay.type()));
    int steps = 1500;
    NoiseSchedule levels =
        NoiseSchedule.exponential(steps + 1, sde.sigma(end), sde.sigma(1)).early(steps);
    NDArray x = replay.start(1).div(sde.mean(1));
    NDArray end0 = replay.walk(DpmSolver.dpmpp3m(), analytic, levels, x);
    replay.result(end0.mul(sde.mean(end)));
  }
}
