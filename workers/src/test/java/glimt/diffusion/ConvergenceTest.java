package glimt.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.stream.DoubleStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The error of a solver of order p falls like steps^-p. Data is a Gaussian, whose flow is known; levels
 * are equally spaced in log sigma from 20 to 0.1, where the solvers' own analysis holds.
 */
class ConvergenceTest {

  private static final Gaussian DATA = new Gaussian(0.3, 0.25);

  @ParameterizedTest
  @CsvSource({"euler, 1", "ddim, 1", "heun, 2", "dpmpp_2m, 2"})
  void a_sampler_has_the_order_it_claims(String name, int order) throws InterruptedException {
    double[] errors =
        DoubleStream.of(64, 128, 256).map(steps -> error(name, (int) steps)).toArray();
    double first = Math.log(errors[0] / errors[1]) / Math.log(2);
    double second = Math.log(errors[1] / errors[2]) / Math.log(2);
    System.Logger log = System.getLogger("convergence");
    log.log(
        System.Logger.Level.INFO,
        "%-12s order %d: errors %.3e %.3e %.3e, slopes %.2f %.2f"
            .formatted(name, order, errors[0], errors[1], errors[2], first, second));
    assertThat(second).isBetween(order - 0.15, order + 0.5);
  }

  private static double error(String name, int steps) {
    try (NDManager manager = NDManager.newBaseManager()) {
      double[] levels = NoiseSchedule.exponential(steps + 1, 0.1, 20).sigmas();
      NoiseSchedule schedule = NoiseSchedule.of(levels).early(steps);
      Trajectory walk =
          new Trajectory(
              Samplers.named(name), DATA.denoiser(), (_, _, _) -> { throw new AssertionError("an ODE draws nothing"); });
      NDArray n = manager.create(new double[] {-1.2, 0.1, 0.9, 2.0});
      try (Waypoint start = walk.start(schedule, n, "gaussian");
          Waypoint end = walk.on(start, Observer.NOBODY)) {
        NDArray exact = DATA.flow(start.x(), 20, end.sigma());
        return end.x().sub(exact).abs().max().getDouble();
      }
    } catch (InterruptedException stopped) {
      throw new AssertionError(stopped);
    }
  }
}
