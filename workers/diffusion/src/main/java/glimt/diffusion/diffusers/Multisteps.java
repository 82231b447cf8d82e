package glimt.diffusion.diffusers;

import glimt.diffusion.DpmSolver;
import glimt.diffusion.Sampler;

/**
 * The settings of multistep DPM-Solvers.
 *
 * @param order 1 to 3
 * @param data whether data is expanded (DPM-Solver++) instead of the noise
 * @param stochastic whether the solver is that of the SDE
 * @param second the weight of the difference in a second-order step
 * @param falling whether the order falls at the end of walks of fewer than 15 steps
 * @param euler whether the last step is always first-order
 */
record Multisteps(
    int order,
    boolean data,
    boolean stochastic,
    DpmSolver.Second second,
    boolean falling,
    boolean euler) {

  /**
   * Reads the settings.
   *
   * @param ends whether the walk ends at 0
   */
  static Multisteps of(PublishedSettings settings, boolean ends) {
    String algorithm = algorithm(settings);
    boolean data = algorithm.endsWith("++");
    boolean stochastic = algorithm.startsWith("sde-");
    int order = settings.integer("solver_order");
    if (order < 1 || order > 3) {
      throw settings.refused("solver_order");
    }
    if (!data && ends) {
      throw settings.refused("final_sigmas_type", "together with algorithm_type " + algorithm);
    }
    if (!data && stochastic && order == 3) {
      throw settings.refused("solver_order", "together with algorithm_type " + algorithm);
    }
    return new Multisteps(
        order,
        data,
        stochastic,
        second(settings),
        settings.flag("lower_order_final"),
        settings.flag("euler_at_final") || ends);
  }

  /** The algorithm; "deis", the value of another class, means the default, as in diffusers. */
  static String algorithm(PublishedSettings settings) {
    String text =
        LevelWalks.oneOf(
            settings,
            "algorithm_type",
            "dpmsolver",
            "dpmsolver++",
            "sde-dpmsolver",
            "sde-dpmsolver++",
            "deis");
    return text.equals("deis") ? "dpmsolver++" : text;
  }

  /**
   * The weight of second-order steps; the values of other classes mean midpoint, as in diffusers.
   */
  static DpmSolver.Second second(PublishedSettings settings) {
    return switch (settings.text("solver_type")) {
      case "midpoint", "logrho", "bh1", "bh2" -> DpmSolver.Second.MIDPOINT;
      case "heun" -> DpmSolver.Second.EXACT;
      default -> throw settings.refused("solver_type");
    };
  }

  /** The sampler of a walk of n steps. */
  Sampler sampler(int n) {
    int tail = falling && n < 15 ? order : euler ? 1 : 0;
    String name =
        "%s_%sm%s(%s, tail=%s)"
            .formatted(
                data ? "dpmpp" : "dpm_solver", order, stochastic ? "_sde" : "", second, tail);
    double eta = stochastic ? 1 : 0;
    return data
        ? DpmSolver.data(name, order, tail, eta, second, DpmSolver.Third.PUBLISHED)
        : DpmSolver.noise(name, order, tail, eta, second);
  }
}
