package glimt.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Properties that all samplers and schedules must have. */
class LawsTest {

  private static final Draw SILENT =
      (_, _, _) -> {
        throw new AssertionError("an ODE draws nothing");
      };

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<NoiseSchedule> schedules() {
    Chain chain = Chain.linear(1000, 1e-4, 0.02);
    return Stream.of(
        NoiseSchedule.karras(12, 0.002, 80, 7),
        NoiseSchedule.exponential(12, 0.002, 80),
        NoiseSchedule.polyexponential(12, 0.002, 80, 0.7),
        NoiseSchedule.variancePreserving(12, 19.9, 0.1, 1e-3),
        NoiseSchedule.flow(1, 0.9, 0.5, 0.2, 0),
        new Sde.VariancePreserving(0.1, 20).schedule(12, 1e-3),
        new Sde.SubVariancePreserving(0.1, 20).schedule(12, 1e-3),
        new Sde.VarianceExploding(0.01, 50).schedule(12, 1e-5),
        chain.schedule(Spacing.leading(1000, 12, 0), 0),
        chain.schedule(Spacing.trailing(1000, 12), 0),
        chain.schedule(Spacing.linspace(1000, 12)),
        Chain.cosine(1000, 0.999).zeroTerminalSnr().schedule(Spacing.trailing(1000, 12), 0),
        Chain.scaledLinear(1000, 0.00085, 0.012).schedule(Spacing.leading(1000, 12, 1), 0),
        Chain.sigmoid(1000, 1e-4, 0.02).schedule(Spacing.trailing(1000, 12), 0));
  }

  @ParameterizedTest
  @MethodSource("schedules")
  void a_schedule_decreases_and_ends_in_0(NoiseSchedule schedule) {
    for (int i = 0; i < schedule.steps(); i++) {
      assertThat(schedule.sigma(i + 1)).isLessThan(schedule.sigma(i));
    }
    assertThat(schedule.sigma(schedule.steps())).isZero();
  }

  @Test
  void eta_0_ddim_is_euler() {
    NDArray euler = walk(RungeKutta.euler(), 10);
    assertThat(walk(Ancestral.ddim(0), 10)).isEqualTo(euler);
    assertThat(walk(RungeKutta.euler(Course.linear()), 10).sub(euler).abs().max().getDouble())
        .isLessThan(1e-12);
  }

  @Test
  void first_steps_of_multistep_solvers_are_eulers() {
    NDArray euler = walk(RungeKutta.euler(), 1);
    for (String name : List.of("dpmpp_2m", "dpmpp_3m", "deis", "lms", "ipndm", "uni_pc")) {
      assertThat(walk(Samplers.named(name), 1).sub(euler).abs().max().getDouble())
          .as(name)
          .isLessThan(1e-12);
    }
  }

  @Test
  void heun_along_the_linear_course_is_heun() {
    assertThat(
            walk(RungeKutta.heun(Course.linear(), 1), 10)
                .sub(walk(RungeKutta.heun(), 10))
                .abs()
                .max()
                .getDouble())
        .isLessThan(1e-11);
  }

  @Test
  void guidance_1_is_the_conditional() {
    NDArray c = noise(3).reshape(1, 3, 4, 2);
    NDArray u = noise(4).reshape(1, 3, 4, 2);
    List<Guidance> all =
        List.of(
            Guidance.scale(1),
            Guidance.scale(1).rescaled(0.7),
            Guidance.scale(1).onChannels(2),
            Guidance.perFrame(1, 1, 1),
            Guidance.scale(1).zeroStar());
    for (Guidance guidance : all) {
      assertThat(guidance.guide(c, u).sub(c).abs().max().getDouble()).isLessThan(1e-12);
    }
    Denoiser projected =
        new ProjectedGuidance(1, 1, 0, 0).of(Denoiser.of((_, _) -> c), Denoiser.of((_, _) -> u));
    assertThat(projected.estimate(c, 1, null).denoised().sub(c).abs().max().getDouble())
        .isLessThan(1e-12);
  }

  @Test
  void one_call_for_both_rows_is_the_same_as_two() {
    NDArray x = noise(5).reshape(1, 24);
    Prediction conditional = (input, _) -> input.mul(0.5).tanh();
    Prediction unconditional = (input, _) -> input.mul(0.2).sin();
    Prediction both =
        (input, t) ->
            conditional
                .predict(input.get(":1"), t)
                .concat(unconditional.predict(input.get("1:"), t), 0);
    NDArray guided = Guidance.scale(4).batched(both).predict(x, 0);
    NDArray separately =
        Guidance.scale(4).guide(conditional.predict(x, 0), unconditional.predict(x, 0));
    assertThat(guided).isEqualTo(separately);
  }

  @Test
  void inversion_then_sampling_returns() throws InterruptedException {
    Denoiser denoiser = new Gaussian(0.3, 0.25).denoiser();
    NDArray clean = noise(6).mul(0.5).add(0.3);
    NoiseSchedule down = NoiseSchedule.exponential(401, 0.02, 20).early(400);
    Trajectory walk = new Trajectory(Ancestral.ddim(0), denoiser, SILENT);
    try (Waypoint start = walk.at(down.rising(), clean.duplicate(), "test");
        Waypoint top = walk.on(start, Observer.NOBODY);
        Waypoint again = walk.at(down, top.x().duplicate(), "test");
        Waypoint end = walk.on(again, Observer.NOBODY)) {
      assertThat(top.sigma()).isCloseTo(20, within(1e-12));
      assertThat(top.x().abs().max().getDouble()).isGreaterThan(10);
      assertThat(end.x().sub(clean).abs().max().getDouble()).isLessThan(0.02);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ddpm",
        "euler_ancestral",
        "dpm_2_ancestral",
        "dpmpp_2s_ancestral",
        "dpmpp_sde",
        "dpmpp_2m_sde",
        "dpmpp_3m_sde",
        "sa_solver",
        "edm"
      })
  void a_stochastic_sampler_ends_in_the_law_of_the_data(String name) throws InterruptedException {
    marginals(Samplers.named(name), NoiseSchedule.karras(60, 0.01, 30, 7));
  }

  @Test
  void ddim_with_noise_ends_in_the_law_of_the_data() throws InterruptedException {
    marginals(Ancestral.ddim(0.5), NoiseSchedule.karras(60, 0.01, 30, 7));
    marginals(Ancestral.ddim(1), NoiseSchedule.karras(60, 0.01, 30, 7));
  }

  @Test
  void predictor_and_corrector_end_in_the_law_of_the_data() throws InterruptedException {
    PredictorCorrector pair =
        new PredictorCorrector(new Sde.VarianceExploding(0.02, 30), 100, 1e-5);
    Sampler sampler =
        pair.sampler(
            PredictorCorrector.Predictor.REVERSE_DIFFUSION, pair.langevin(0.1, 1), "langevin");
    marginals(sampler, pair.sde().schedule(100, 1e-5));
  }

  @Test
  void float32_and_float64_agree() throws InterruptedException {
    for (String name : List.of("dpmpp_2m", "uni_pc", "lms")) {
      NDArray wide = walk(Samplers.named(name), 12);
      NDArray n = noise(1).toType(DataType.FLOAT32, false);
      Trajectory walk =
          new Trajectory(Samplers.named(name), new Gaussian(0.3, 0.25).denoiser(), SILENT);
      try (Waypoint start = walk.start(NoiseSchedule.karras(12, 0.02, 20, 7), n, "test");
          Waypoint end = walk.on(start, Observer.NOBODY)) {
        assertThat(end.x().getDataType()).isEqualTo(DataType.FLOAT32);
        assertThat(end.x().toType(DataType.FLOAT64, false).sub(wide).abs().max().getDouble())
            .as(name)
            .isLessThan(1e-4);
      }
    }
  }

  @Test
  void bad_settings_are_refused_with_the_reason() {
    refused(() -> NoiseSchedule.karras(0, 0.1, 10, 7), "steps must be at least 1, not 0");
    refused(() -> NoiseSchedule.karras(-3, 0.1, 10, 7), "steps must be at least 1, not -3");
    refused(
        () -> NoiseSchedule.karras(5, 10, 0.1, 7),
        "must be greater than 0 and less than sigma_max");
    refused(() -> NoiseSchedule.of(3, 1, 2, 0), "strictly decreasing");
    refused(() -> NoiseSchedule.of(3, Double.NaN, 0), "finite");
    refused(() -> NoiseSchedule.of(3), "at least one step");
    refused(() -> Ancestral.ddim(1.5), "eta must be between 0 and 1, not 1.5");
    refused(() -> Ancestral.ddim(-0.1), "eta must be between 0 and 1, not -0.1");
    refused(() -> Spacing.leading(1000, 0, 0), "takes 1 to 1000 steps, not 0");
    refused(() -> Spacing.trailing(10, 11), "takes 1 to 10 steps, not 11");
    refused(() -> Preconditioning.edm(0), "sigma_data must be positive");
    refused(
        () -> Samplers.named("eulr"), "there is no sampler 'eulr'; the samplers are euler, heun");
    refused(() -> Guidance.scale(Double.NaN), "guidance scale must be finite");
    refused(() -> Chain.ofAbar(0.5, 0.6), "the signal must fall");
    refused(() -> Multistep.lms(9), "lms has orders 1 to 4, not 9");
  }

  @Test
  void one_step_is_a_schedule_too() {
    assertThat(NoiseSchedule.karras(1, 0.1, 10, 7).sigmas())
        .containsExactly(new double[] {10, 0}, within(1e-12));
    assertThat(walk(Samplers.named("heun"), 1).isNaN().any().getBoolean()).isFalse();
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String why) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
  }

  private NDArray walk(Sampler sampler, int steps) {
    Trajectory walk = new Trajectory(sampler, new Gaussian(0.3, 0.25).denoiser(), SILENT);
    NoiseSchedule schedule = NoiseSchedule.karras(steps, 0.02, 20, 7);
    try (Waypoint start = walk.start(schedule, noise(1), "test");
        Waypoint end = walk.on(start, Observer.NOBODY)) {
      return end.x().duplicate();
    } catch (InterruptedException stopped) {
      throw new AssertionError(stopped);
    }
  }

  private NDArray noise(long seed) {
    return new Noise(seed)
        .start(manager, 0, new Region.PointRange(0, 4, 6), DataType.FLOAT64)
        .reshape(24);
  }

  /** Checks mean and covariance within four standard errors plus the discretisation error. */
  private void marginals(Sampler sampler, NoiseSchedule schedule) throws InterruptedException {
    int n = 2_000;
    Mixture law = new Mixture(0.3);
    Region region = new Region.PointRange(0, n, 2);
    Noise noise = new Noise(17);
    Trajectory walk = new Trajectory(sampler, law.denoiser(), noise.draws(0, region));
    NDArray start = noise.start(manager, 0, region, DataType.FLOAT64).reshape(new Shape(n, 2));
    try (Waypoint from = walk.start(schedule, start, "test");
        Waypoint end = walk.on(from, Observer.NOBODY)) {
      double[] mean = end.x().mean(new int[] {0}).toDoubleArray();
      NDArray centred = end.x().sub(end.x().mean(new int[] {0}));
      double[] covariance = centred.transpose().matMul(centred).div(n).toDoubleArray();
      for (int i = 0; i < 2; i++) {
        double error = 4 * Math.sqrt(law.covariance(i, i) / n);
        assertThat(mean[i]).isCloseTo(law.mean(i), within(error + 0.005));
        for (int j = 0; j < 2; j++) {
          double width = Math.sqrt(law.covariance(i, i) * law.covariance(j, j));
          assertThat(covariance[2 * i + j])
              .as("%s: covariance %s %s", sampler, i, j)
              .isCloseTo(law.covariance(i, j), within(width * (4 * Math.sqrt(2. / n) + 0.015)));
        }
      }
    }
  }
}
