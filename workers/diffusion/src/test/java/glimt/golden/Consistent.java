package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Ancestral;
import glimt.diffusion.Churn;
import glimt.diffusion.Consistency;
import glimt.diffusion.Denoiser;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import glimt.diffusion.Thresholding;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** The function karras_sample of openai/consistency_models. */
final class Consistent implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape");
    int steps = config.integer("steps");
    double low = config.number("sigma_min");
    double high = config.number("sigma_max");
    double data = config.number("sigma_data");
    NoiseSchedule ramp = NoiseSchedule.karras(steps, low, high, config.number("rho"));
    DoubleUnaryOperator time = s -> 250 * Math.log(s + 1e-44);
    Preconditioning terms =
        Preconditioning.consistency(data, config.flag("distillation") ? low : 0, time);
    Denoiser denoiser = terms.denoiser(replay::network);
    if (config.flag("clip_denoised")) {
      denoiser = denoiser.then(Thresholding.clamped(1));
    }
    Churn churn =
        new Churn(
            config.number("s_churn"),
            config.number("s_tmin"),
            config.number("s_tmax"),
            config.number("s_noise"));
    String name = config.text("sampler");
    Sampler sampler =
        switch (name) {
          case "heun" -> churn.before(RungeKutta.heun());
          case "dpm" -> churn.before(RungeKutta.cubicMidpoint());
          case "euler", "progdist" -> RungeKutta.euler();
          case "ancestral" -> Ancestral.of(RungeKutta.euler(), 1, 1);
          case "onestep", "multistep" -> Consistency.of(low);
          default -> throw config.unknown("sampler");
        };
    NoiseSchedule levels =
        switch (name) {
          case "onestep" -> NoiseSchedule.of(high, low);
          case "progdist" ->
              NoiseSchedule.karras(steps + 1, low, high, config.number("rho")).early(steps);
          case "multistep" -> {
            double[] places = config.numbers("ts");
            yield NoiseSchedule.of(
                IntStream.range(0, places.length)
                    .mapToDouble(i -> Math.max(low, ramp.sigma((int) places[i])))
                    .toArray());
          }
          default -> ramp;
        };
    config.ignore("ts");
    config.close();
    NDArray end = replay.walk(sampler, denoiser, levels, replay.start(high));
    replay.result(end.clip(-1, 1));
  }
}
