package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Churn;
import glimt.diffusion.Course;
import glimt.diffusion.Denoiser;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/** Both samplers of NVlabs/edm, where net(x, sigma) is D. */
final class Edm implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape", "model_convention");
    Settings args = config.settings("args");
    switch (config.text("sampler")) {
      case "edm_sampler" -> {
        NoiseSchedule levels =
            NoiseSchedule.karras(
                args.integer("num_steps"),
                args.number("sigma_min", 0.002),
                args.number("sigma_max", 80),
                args.number("rho", 7));
        walk(replay, churn(args).before(RungeKutta.heun()), levels);
      }
      case "ablation_sampler" -> ablation(args, replay);
      default -> throw config.unknown("sampler");
    }
    args.close();
    config.close();
  }

  private static void walk(Replay replay, Sampler sampler, NoiseSchedule levels) {
    replay.result(
        replay.walk(sampler, Denoiser.of(replay::network), levels, replay.start(levels.sigma(0))));
  }

  private static Churn churn(Settings args) {
    return new Churn(
        args.number("S_churn", 0),
        args.number("S_min", 0),
        args.number("S_max", Double.POSITIVE_INFINITY),
        args.number("S_noise", 1));
  }

  private static void ablation(Settings args, Replay replay) {
    int steps = args.integer("num_steps");
    double end = args.number("epsilon_s", 1e-3);
    String discretization = args.text("discretization", "edm");
    double low =
        args.number(
            "sigma_min",
            switch (discretization) {
              case "vp" -> Course.variancePreserving(19.9, 0.1).sigma().applyAsDouble(end);
              case "ve" -> 0.02;
              default -> 0.002;
            });
    double high =
        args.number(
            "sigma_max",
            switch (discretization) {
              case "vp" -> Course.variancePreserving(19.9, 0.1).sigma().applyAsDouble(1);
              case "ve" -> 100;
              case "iddpm" -> 81;
              default -> 80;
            });
    // The VP course that has these levels at times epsilon_s and 1.
    double lowest = Math.log1p(low * low);
    double highest = Math.log1p(high * high);
    double betaD = 2 * (lowest / end - highest) / (end - 1);
    double betaMin = highest - betaD / 2;
    NoiseSchedule levels =
        switch (discretization) {
          case "vp" -> NoiseSchedule.variancePreserving(steps, betaD, betaMin, end);
          case "ve" -> NoiseSchedule.exponential(steps, low, high);
          case "iddpm" ->
              iddpm(
                  steps,
                  low,
                  high,
                  (int) args.number("M", 1000),
                  args.number("C_1", 0.001),
                  args.number("C_2", 0.008));
          case "edm" -> NoiseSchedule.karras(steps, low, high, args.number("rho", 7));
          default -> throw args.unknown("discretization");
        };
    Course course =
        switch (args.text("schedule", "linear") + " " + args.text("scaling", "none")) {
          case "linear none" -> Course.linear();
          case "ve none" -> Course.varianceExploding();
          case "vp none" -> Course.variancePreservingUnscaled(betaD, betaMin);
          case "vp vp" -> Course.variancePreserving(betaD, betaMin);
          default -> throw args.unknown("scaling");
        };
    Sampler solver =
        switch (args.text("solver", "heun")) {
          case "euler" -> RungeKutta.euler(course);
          case "heun" -> RungeKutta.heun(course, args.number("alpha", 1));
          default -> throw args.unknown("solver");
        };
    args.ignore("M", "C_1", "C_2", "rho", "alpha", "epsilon_s").only(Map.of());
    walk(replay, churn(args).before(solver), levels);
  }

  /** The levels of iDDPM's cosine schedule, Karras et al. 2022, Table 1. */
  private static NoiseSchedule iddpm(
      int steps, double low, double high, int m, double c1, double c2) {
    double[] u = new double[m + 1];
    for (int j = m; j > 0; j--) {
      double ratio = Math.max(abar(j - 1, m, c2) / abar(j, m, c2), c1);
      u[j - 1] = Math.sqrt((u[j] * u[j] + 1) / ratio - 1);
    }
    double[] kept = Arrays.stream(u).filter(s -> s >= low && s <= high).toArray();
    double[] sigmas =
        IntStream.rangeClosed(0, steps)
            .mapToDouble(
                i -> i == steps ? 0 : kept[(int) Math.rint((kept.length - 1.) / (steps - 1) * i)])
            .toArray();
    return NoiseSchedule.of(sigmas);
  }

  private static double abar(int j, int m, double c2) {
    double sine = Math.sin(0.5 * Math.PI * j / m / (c2 + 1));
    return sine * sine;
  }
}
