package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.AdaptiveDpm;
import glimt.diffusion.Ancestral;
import glimt.diffusion.Churn;
import glimt.diffusion.Denoiser;
import glimt.diffusion.DpmFast;
import glimt.diffusion.DpmSolver;
import glimt.diffusion.Multistep;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import glimt.diffusion.Singlestep;
import java.util.Arrays;

/**
 * The samplers of crowsonkb/k-diffusion, where model(x, sigma) is D and x = x0 + sigma n, as in
 * this library.
 */
final class KDiffusion implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape", "model_convention");
    Settings args = config.settings("args");
    String name = config.text("sampler");
    NoiseSchedule levels =
        switch (name) {
          case "sample_dpm_fast" -> {
            int[] groups = Singlestep.groups(3, args.integer("n"));
            int[] whole = new int[groups.length];
            Arrays.fill(whole, 1);
            yield Singlestep.levels(
                args.number("sigma_min"),
                args.number("sigma_max"),
                args.number("eta", 0) == 0 ? groups : whole);
          }
          case "sample_dpm_adaptive" ->
              NoiseSchedule.of(args.number("sigma_max"), args.number("sigma_min"));
          default -> schedule(config.settings("sigma_schedule"));
        };
    if (replay.hasSchedule("sigmas")) {
      replay.schedule("sigmas", levels.sigmas());
    }
    Sampler sampler = sampler(name, args, config);
    args.close();
    config.close();
    replay.result(
        replay.walk(sampler, Denoiser.of(replay::network), levels, replay.start(levels.sigma(0))));
  }

  /** The schedule functions by their names without the prefix "get_sigmas_". */
  private static NoiseSchedule schedule(Settings args) {
    return schedule(args.text("name"), args);
  }

  static NoiseSchedule schedule(String name, Settings args) {
    int n = args.integer("n");
    NoiseSchedule levels =
        switch (name) {
          case "karras" ->
              NoiseSchedule.karras(
                  n, args.number("sigma_min"), args.number("sigma_max"), args.number("rho", 7));
          case "exponential" ->
              NoiseSchedule.exponential(n, args.number("sigma_min"), args.number("sigma_max"));
          case "polyexponential" ->
              NoiseSchedule.polyexponential(
                  n, args.number("sigma_min"), args.number("sigma_max"), args.number("rho", 1));
          case "vp" ->
              NoiseSchedule.variancePreserving(
                  n,
                  args.number("beta_d", 19.9),
                  args.number("beta_min", 0.1),
                  args.number("eps_s", 1e-3));
          default -> throw Verdict.unknown("get_sigmas_" + name);
        };
    args.close();
    return levels;
  }

  private static Sampler sampler(String name, Settings args, Settings config) {
    return switch (name) {
      case "sample_euler" -> churned(RungeKutta.euler(), args);
      case "sample_heun" -> churned(RungeKutta.heun(), args);
      case "sample_dpm_2" -> churned(RungeKutta.dpm2(), args);
      case "sample_euler_ancestral" -> ancestral(RungeKutta.euler(), args);
      case "sample_dpm_2_ancestral" -> ancestral(RungeKutta.dpm2(), args);
      case "sample_dpmpp_2s_ancestral" -> ancestral(Singlestep.dpmpp2s(), args);
      case "sample_lms" -> Multistep.lms((int) args.number("order", 4));
      case "sample_dpmpp_2m" -> DpmSolver.dpmpp2m();
      case "sample_dpmpp_sde" -> {
        yield Singlestep.dpmppSde(args.number("eta", 1), args.number("r", 0.5))
            .noise(args.number("s_noise", 1));
      }
      case "sample_dpmpp_2m_sde" -> {
        DpmSolver.Second second =
            switch (args.text("solver_type", "midpoint")) {
              case "midpoint" -> DpmSolver.Second.MIDPOINT;
              case "heun" -> DpmSolver.Second.EXACT;
              default -> throw args.unknown("solver_type");
            };
        yield DpmSolver.data("golden", 2, 0, args.number("eta", 1), second)
            .noise(args.number("s_noise", 1));
      }
      case "sample_dpmpp_3m_sde" -> {
        yield DpmSolver.data("golden", 3, 0, args.number("eta", 1), DpmSolver.Second.EXACT)
            .noise(args.number("s_noise", 1));
      }
      case "sample_dpm_fast" -> {
        double eta = args.number("eta", 0);
        int[] groups = Singlestep.groups(3, args.integer("n"));
        yield (eta == 0
                ? Singlestep.of("dpm_fast", Singlestep.Expanded.NOISE, 3)
                : DpmFast.of(args.number("sigma_min"), eta, groups))
            .noise(args.number("s_noise", 1));
      }
      case "sample_dpm_adaptive" -> {
        AdaptiveDpm.Control control =
            new AdaptiveDpm.Control(
                args.number("pcoeff", 0),
                args.number("icoeff", 1),
                args.number("dcoeff", 0),
                args.number("accept_safety", 0.81));
        yield new AdaptiveDpm(
                (int) args.number("order", 3),
                args.number("rtol", 0.05),
                args.number("atol", 0.0078),
                args.number("h_init", 0.05),
                control,
                args.number("eta", 0))
            .sampler()
            .noise(args.number("s_noise", 1));
      }
      default -> throw config.unknown("sampler");
    };
  }

  private static Sampler churned(Sampler ode, Settings args) {
    return new Churn(
            args.number("s_churn", 0),
            args.number("s_tmin", 0),
            args.number("s_tmax", Double.POSITIVE_INFINITY),
            args.number("s_noise", 1))
        .before(ode);
  }

  private static Sampler ancestral(Sampler ode, Settings args) {
    return Ancestral.of(ode, args.number("eta", 1), args.number("s_noise", 1));
  }
}
