package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.AdaptiveSinglestep;
import glimt.diffusion.Chain;
import glimt.diffusion.Course;
import glimt.diffusion.Denoiser;
import glimt.diffusion.DpmSolver;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Sampler;
import glimt.diffusion.Singlestep;
import glimt.diffusion.Thresholding;
import glimt.diffusion.UniPc;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The authors' implementations LuChengTHU/dpm-solver and wl-zhao/UniPC, which walk in a continuous
 * time t.
 */
final class OfficialSolvers implements Adapter {

  /** The functions sigma(t) and t(sigma), the network's time input, and the last time. */
  private record Clock(
      DoubleUnaryOperator sigma,
      DoubleUnaryOperator time,
      DoubleUnaryOperator told,
      double start,
      double end) {}

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape");
    Settings args = config.settings("sample_args");
    Clock clock = clock(config, args);
    int steps = config.integer("steps");
    int order = config.integer("order");
    String algorithm = config.text("algorithm_type");
    String method = args.text("method", "multistep");
    int[] groups =
        switch (method) {
          case "singlestep" -> Singlestep.groups(order, steps);
          case "singlestep_fixed" -> IntStream.range(0, steps / order).map(_ -> order).toArray();
          case "multistep", "adaptive" -> new int[0];
          default -> throw args.unknown("method");
        };
    int calls = groups.length == 0 ? steps : Arrays.stream(groups).sum();
    NoiseSchedule levels =
        method.equals("adaptive")
            ? NoiseSchedule.of(
                clock.sigma().applyAsDouble(clock.start()),
                clock.sigma().applyAsDouble(clock.end()))
            : levels(args, clock, calls, groups);
    Sampler sampler =
        method.equals("adaptive")
            ? adaptive(algorithm, args, order)
            : sampler(algorithm, args, order, steps, groups, config);
    if (args.flag("denoise_to_zero", false)) {
      levels = NoiseSchedule.of(Arrays.copyOf(levels.sigmas(), levels.steps() + 2));
      sampler = sampler.thenToZero();
    }
    args.close();
    if (replay.hasSchedule("t")) {
      double[] sigmas = Arrays.stream(levels.sigmas()).filter(sigma -> sigma > 0).toArray();
      replay
          .schedule("t", Arrays.stream(sigmas).map(clock.time()).toArray())
          .schedule("lam", Arrays.stream(sigmas).map(s -> -Math.log(s)).toArray())
          .schedule("log_alpha", Arrays.stream(sigmas).map(s -> -Math.log1p(s * s) / 2).toArray());
    }
    DoubleUnaryOperator told = s -> clock.told().applyAsDouble(clock.time().applyAsDouble(s));
    Denoiser denoiser =
        switch (config.text("model_type")) {
          case "noise" -> Preconditioning.epsilon(told).denoiser(replay::network);
          case "x_start" -> Preconditioning.sample(told).denoiser(replay::network);
          case "v" -> Preconditioning.velocity(told).denoiser(replay::network);
          default -> throw config.unknown("model_type");
        };
    if (config.flag("dynamic_thresholding")) {
      Settings limits = config.settings("dynamic_thresholding_args");
      limits.only(Map.of("max_val", 1.0));
      denoiser =
          denoiser.then(Thresholding.dynamic(limits.number("ratio"), Double.POSITIVE_INFINITY));
      limits.close();
    }
    config.close();
    NDArray x = replay.start(1).div(Preconditioning.signal(levels.sigma(0)));
    NDArray end = replay.walk(sampler, denoiser, levels, x);
    replay.result(end.mul(Preconditioning.signal(levels.sigma(levels.steps()))));
  }

  private static Clock clock(Settings config, Settings args) {
    Settings noise = config.settings("noise_schedule_args");
    Clock clock =
        switch (config.text("noise_schedule")) {
          case "discrete" -> {
            int n = noise.integer("n");
            Chain chain = Chain.linear(n, noise.number("beta_start"), noise.number("beta_end"));
            DoubleUnaryOperator place = chain.timeBySignal();
            yield new Clock(
                t -> chain.sigmaBySignal(t * n - 1),
                s -> (place.applyAsDouble(s) + 1) / n,
                t -> (t - 1. / n) * 1000,
                args.number("t_start", 1),
                args.number("t_end", 1. / n));
          }
          case "linear" -> {
            double first = noise.number("continuous_beta_0");
            Course course =
                Course.variancePreserving(noise.number("continuous_beta_1") - first, first);
            yield new Clock(
                course.sigma(),
                course.time(),
                t -> t,
                args.number("t_start", 1),
                args.number("t_end", 1e-3));
          }
          default -> throw config.unknown("noise_schedule");
        };
    noise.close();
    return clock;
  }

  private static NoiseSchedule levels(Settings args, Clock clock, int steps, int[] groups) {
    double high = clock.sigma().applyAsDouble(clock.start());
    double low = clock.sigma().applyAsDouble(clock.end());
    return switch (args.text("skip_type", "time_uniform")) {
      case "time_uniform" ->
          timed(clock, steps, i -> clock.start() + (clock.end() - clock.start()) * i / steps);
      case "time_quadratic" ->
          timed(
              clock,
              steps,
              i -> {
                double root =
                    Math.sqrt(clock.start())
                        + (Math.sqrt(clock.end()) - Math.sqrt(clock.start())) * i / steps;
                return root * root;
              });
      case "logSNR" ->
          groups.length > 0
              ? Singlestep.levels(low, high, groups)
              : NoiseSchedule.exponential(steps + 1, low, high).early(steps);
      default -> throw args.unknown("skip_type");
    };
  }

  private static NoiseSchedule timed(Clock clock, int steps, DoubleUnaryOperator time) {
    return NoiseSchedule.of(
        IntStream.rangeClosed(0, steps)
            .mapToDouble(i -> clock.sigma().applyAsDouble(time.applyAsDouble(i)))
            .toArray());
  }

  private static Sampler sampler(
      String algorithm, Settings args, int order, int steps, int[] groups, Settings config) {
    boolean taylor = taylor(args);
    boolean falling = args.flag("lower_order_final", true);
    if (groups.length > 0) {
      return Singlestep.of(
          "golden",
          algorithm.equals("dpmsolver++") ? Singlestep.Expanded.DATA : Singlestep.Expanded.NOISE,
          taylor ? Singlestep.Form.EXACT : Singlestep.Form.PAPER,
          0,
          groups);
    }
    int tail = falling && steps < 10 ? order : 0;
    int always = falling ? order : 0;
    DpmSolver.Second second = taylor ? DpmSolver.Second.EXACT : DpmSolver.Second.MIDPOINT;
    return switch (algorithm) {
      case "dpmsolver++" -> DpmSolver.data("golden", order, tail, 0, second);
      case "dpmsolver" -> DpmSolver.noise("golden", order, tail, 0, second);
      case "data_prediction|bh1" -> UniPc.of(order, always, UniPc.B.BH1);
      case "data_prediction|bh2" -> UniPc.of(order, always, UniPc.B.BH2);
      case "noise_prediction|bh1" ->
          UniPc.of(UniPc.Interpolated.NOISE, order, always, UniPc.B.BH1, Set.of());
      case "noise_prediction|bh2" ->
          UniPc.of(UniPc.Interpolated.NOISE, order, always, UniPc.B.BH2, Set.of());
      default -> throw config.unknown("algorithm_type");
    };
  }

  private static boolean taylor(Settings args) {
    return switch (args.text("solver_type", "dpmsolver")) {
      case "dpmsolver" -> false;
      case "taylor" -> true;
      default -> throw args.unknown("solver_type");
    };
  }

  private static Sampler adaptive(String algorithm, Settings args, int order) {
    args.ignore("skip_type", "lower_order_final");
    return new AdaptiveSinglestep(
            algorithm.equals("dpmsolver++") ? Singlestep.Expanded.DATA : Singlestep.Expanded.NOISE,
            taylor(args) ? Singlestep.Form.EXACT : Singlestep.Form.PAPER,
            order,
            args.number("rtol", 0.05),
            args.number("atol", 0.0078),
            0.05,
            0.9)
        .sampler();
  }
}
