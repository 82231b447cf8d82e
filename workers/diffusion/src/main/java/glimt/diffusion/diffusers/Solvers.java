package glimt.diffusion.diffusers;

import glimt.diffusion.DpmSolver;
import glimt.diffusion.Multistep;
import glimt.diffusion.SaSolver;
import glimt.diffusion.Sampler;
import glimt.diffusion.Singlestep;
import glimt.diffusion.UniPc;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads the settings of exponential integrators. */
final class Solvers {
  private Solvers() {}

  /**
   * Reads the settings of a solver.
   *
   * @param ends whether the walk ends at 0
   */
  static SolverWalks.Solver of(PublishedClass kind, PublishedSettings settings, boolean ends) {
    return switch (kind) {
      case DPM_MULTISTEP -> {
        Multisteps multisteps = Multisteps.of(settings, ends);
        yield grid -> multisteps.sampler(grid.levels().steps());
      }
      case DPM_SINGLESTEP -> singlestep(settings, ends);
      case UNIPC -> unipc(settings);
      case DEIS -> deis(settings);
      default -> sa(settings);
    };
  }

  private static int order(PublishedSettings settings, String key, int most) {
    int order = settings.integer(key);
    if (order < 1 || order > most) {
      throw settings.refused(key);
    }
    return order;
  }

  private static SolverWalks.Solver singlestep(PublishedSettings settings, boolean ends) {
    String algorithm = Multisteps.algorithm(settings);
    if (algorithm.equals("sde-dpmsolver")) {
      throw settings.refused("algorithm_type");
    }
    boolean data = algorithm.endsWith("++");
    if (!data && ends) {
      throw settings.refused("final_sigmas_type", "together with algorithm_type " + algorithm);
    }
    double eta = algorithm.startsWith("sde-") ? 1 : 0;
    int order = order(settings, "solver_order", 3);
    boolean asked = settings.flag("lower_order_final");
    Singlestep.Form form =
        Multisteps.second(settings) == DpmSolver.Second.EXACT
            ? Singlestep.Form.EXACT
            : Singlestep.Form.MIDPOINT;
    Singlestep.Expanded of = data ? Singlestep.Expanded.DATA : Singlestep.Expanded.NOISE;
    String name = "singlestep(%s, %s, %s)".formatted(algorithm, order, form);
    return grid -> {
      int n = grid.levels().steps();
      boolean falling = asked || ends || n % order != 0; // as published
      return Singlestep.of(name, of, form, eta, groups(order, n, falling));
    };
  }

  /** Divides n calls into groups: all of one order, or with falling order at the end. */
  static int[] groups(int order, int n, boolean falling) {
    if (!falling) {
      int[] groups = new int[n / order];
      Arrays.fill(groups, order);
      return groups;
    }
    int[] groups = Singlestep.groups(order, n);
    int last = groups.length - 1;
    // With order 2, an even number of calls ends in two groups of one.
    if (order == 2 && groups[last] == 2) {
      groups = Arrays.copyOf(groups, last + 2);
      groups[last] = 1;
      groups[last + 1] = 1;
    }
    return groups;
  }

  private static SolverWalks.Solver unipc(PublishedSettings settings) {
    settings.untouched("solver_p");
    int order = order(settings, "solver_order", 4);
    UniPc.B b =
        switch (settings.text("solver_type")) {
          case "bh1" -> UniPc.B.BH1;
          case "bh2", "midpoint", "heun", "logrho" -> UniPc.B.BH2;
          default -> throw settings.refused("solver_type");
        };
    boolean falling = settings.flag("lower_order_final");
    UniPc.Interpolated of =
        settings.flag("predict_x0") ? UniPc.Interpolated.DATA : UniPc.Interpolated.NOISE;
    double[] disabled = settings.numbers("disable_corrector");
    return grid -> {
      int n = grid.levels().steps();
      // The result of step i is corrected in the next step, which n - 1 - i steps follow.
      Set<Integer> uncorrected =
          Arrays.stream(disabled).mapToObj(i -> n - 1 - (int) i).collect(Collectors.toSet());
      return UniPc.of(of, order, falling ? order : 0, b, uncorrected);
    };
  }

  private static SolverWalks.Solver deis(PublishedSettings settings) {
    LevelWalks.oneOf(settings, "algorithm_type", "deis", "dpmsolver", "dpmsolver++");
    LevelWalks.oneOf(settings, "solver_type", "logrho", "midpoint", "heun", "bh1", "bh2");
    int order = order(settings, "solver_order", 3);
    boolean falling = settings.flag("lower_order_final");
    return grid -> Multistep.deis(order, falling && grid.levels().steps() < 15 ? order : 0);
  }

  private static SolverWalks.Solver sa(PublishedSettings settings) {
    settings.untouched("tau_func"); // a function, which a configuration file cannot contain
    boolean data =
        LevelWalks.oneOf(settings, "algorithm_type", "data_prediction", "noise_prediction")
            .equals("data_prediction");
    int predictor = order(settings, "predictor_order", 4);
    int corrector = order(settings, "corrector_order", 4);
    boolean falling = settings.flag("lower_order_final");
    return grid -> sampler(grid, data, predictor, corrector, falling);
  }

  private static Sampler sampler(
      NamedLevels grid, boolean data, int predictor, int corrector, boolean falling) {
    return new SaSolver(
            data ? UniPc.Interpolated.DATA : UniPc.Interpolated.NOISE,
            sigma -> {
              double t = grid.naming().applyAsDouble(sigma);
              return t >= 200 && t <= 800 ? 1 : 0;
            },
            "1 at times 200 to 800",
            predictor,
            corrector,
            falling,
            SaSolver.Slope.LEADING)
        .sampler();
  }
}
