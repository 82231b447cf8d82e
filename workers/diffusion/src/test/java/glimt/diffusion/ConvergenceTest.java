package glimt.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks that the error of a solver of order p falls like steps^-p. The data is Gaussian, so the
 * exact flow is known; levels are equally spaced in log sigma from 20 to 0.1, where the solvers'
 * analysis is valid. Multistep solvers receive an exact history, because their first steps, of
 * lower order, would otherwise dominate the error.
 */
class ConvergenceTest {

  private static final Gaussian DATA = new Gaussian(0.3, 0.25);

  static Stream<Arguments> samplers() {
    return Stream.of(
        Arguments.of(RungeKutta.euler(), 1),
        Arguments.of(Ancestral.ddim(0), 1),
        Arguments.of(RungeKutta.heun(), 2),
        Arguments.of(RungeKutta.heun(Course.flow(), 1), 2),
        Arguments.of(RungeKutta.heun(Course.variancePreserving(19.9, 0.1), 0.5), 2),
        Arguments.of(RungeKutta.dpm2(), 2),
        Arguments.of(Singlestep.dpmpp2s(), 2),
        Arguments.of(DpmSolver.dpmpp2m(), 2),
        Arguments.of(DpmSolver.noise("dpm_solver_2", 2, 0, 0, DpmSolver.Second.MIDPOINT), 2),
        Arguments.of(Multistep.deis(2), 2),
        Arguments.of(SaSolver.of(0, 2, 0), 2),
        Arguments.of(SaSolver.of(0, 2, 2), 3),
        Arguments.of(SaSolver.of(0, 3, 0), 3),
        Arguments.of(DpmSolver.dpmpp3m(), 2), // as published, see DpmSolver
        Arguments.of(Multistep.deis(3), 3),
        Arguments.of(Multistep.lms(3), 3),
        Arguments.of(UniPc.of(2, 0, UniPc.B.BH2), 3),
        Arguments.of(UniPc.of(UniPc.Interpolated.NOISE, 2, 0, UniPc.B.BH2, Set.of()), 3),
        Arguments.of(RungeKutta.cubicMidpoint(), 2),
        Arguments.of(UniPc.of(3, 0, UniPc.B.BH1), 4),
        Arguments.of(Multistep.lms(4), 4));
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void a_sampler_has_the_order_it_claims(Sampler sampler, int order) {
    converges(_ -> sampler, sampler.history(), order);
  }

  @ParameterizedTest
  @EnumSource(Singlestep.Expanded.class)
  void groups_of_three_calls_are_of_third_order(Singlestep.Expanded of) {
    converges(
        steps -> {
          int[] groups = new int[steps / 3];
          Arrays.fill(groups, 3);
          return Singlestep.of("singlestep " + of + " ", of, groups);
        },
        0,
        3);
  }

  private static void converges(IntFunction<Sampler> sampler, int known, int order) {
    double[] errors =
        IntStream.of(96, 192, 384).mapToDouble(n -> error(sampler.apply(n), known, n)).toArray();
    double first = Math.log(errors[0] / errors[1]) / Math.log(2);
    double second = Math.log(errors[1] / errors[2]) / Math.log(2);
    System.out.printf(
        "convergence: %-28s order %s: errors %.3e %.3e %.3e, slopes %.2f %.2f%n",
        name(sampler), order, errors[0], errors[1], errors[2], first, second);
    assertThat(second).isBetween(order - 0.25, order + 0.75);
  }

  private static String name(IntFunction<Sampler> sampler) {
    return sampler.apply(96).name().replaceFirst("\\[.*", "");
  }

  private static double error(Sampler sampler, int known, int steps) {
    try (NDManager manager = NDManager.newBaseManager()) {
      NoiseSchedule schedule = NoiseSchedule.exponential(steps + 1, 0.1, 20).early(steps);
      Draw silent =
          (_, _, _) -> {
            throw new AssertionError("an ODE draws nothing");
          };
      Trajectory walk = new Trajectory(sampler, DATA.denoiser(), silent);
      NDArray top = manager.create(new double[] {-24, 2, 18, 40});
      List<Estimate> past = new ArrayList<>();
      for (int i = known - 1; i >= 0; i--) {
        double sigma = schedule.sigma(i);
        past.add(DATA.denoiser().estimate(DATA.flow(top, 20, sigma), sigma, null));
      }
      Memory memory =
          known == 0
              ? Memory.NOTHING
              : Memory.of("corrected", DATA.flow(top, 20, schedule.sigma(known - 1)));
      double here = schedule.sigma(known);
      NDArray x = DATA.flow(top, 20, here);
      try (Waypoint start =
              new Waypoint(sampler.name(), "test", schedule, known, known, here, x, past, memory);
          Waypoint end = walk.on(start, Observer.NOBODY)) {
        return end.x().sub(DATA.flow(top, 20, end.sigma())).abs().max().getDouble();
      }
    } catch (InterruptedException stopped) {
      throw new AssertionError(stopped);
    }
  }
}
