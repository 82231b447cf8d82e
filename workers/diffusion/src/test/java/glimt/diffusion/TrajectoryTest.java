package glimt.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TrajectoryTest {

  private static final Region REGION = Region.FrameWindow.whole(2, 3, 2, 2);
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.karras(7, 0.02, 20, 7);
  private static final Denoiser TANH =
      Denoiser.of((x, sigma) -> x.div(1 + sigma).mul(1.3).tanh().mul(0.8).add(0.1));

  private final NDManager manager = NDManager.newBaseManager();
  private final Noise noise = new Noise(11);

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<Sampler> samplers() {
    AdaptiveDpm.Control control = new AdaptiveDpm.Control(0.2, 0.8, 0.1, 0.9);
    DoubleBinaryOperator middle = (sigma, next) -> Math.sqrt(sigma * next);
    DoubleUnaryOperator lands = sigma -> 0.999 * below(sigma);
    return Stream.concat(
        Samplers.names().stream().map(Samplers::named),
        Stream.of(
            new AdaptiveDpm(3, 0.05, 0.0078, 0.1, control, 0.5).sampler(),
            DpmFast.of(0.01, 0.5, 3, 2, 3, 1, 2, 3, 2, 1),
            new Churn(4, 0, Double.POSITIVE_INFINITY, 1.01).heunOfFlow(),
            Multistep.pndm(middle, middle, Preconditioning.epsilon(s -> s), lands),
            Singlestep.dpmppSde(1).noise(1.01),
            RungeKutta.heun().settling(0.2),
            DpmSolver.dpmpp2m().settling(0.2)));
  }

  /** The schedule's level after this one. */
  private static double below(double sigma) {
    int i = 0;
    while (SCHEDULE.sigma(i) >= sigma) {
      i++;
    }
    return SCHEDULE.sigma(i);
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void a_walk_resumed_at_any_step_ends_where_the_undisturbed_one_does(Sampler sampler)
      throws InterruptedException {
    Trajectory walk = walk(sampler, TANH);
    List<Map<String, NDArray>> arrays = new ArrayList<>();
    List<Map<String, String>> facts = new ArrayList<>();
    Observer saving =
        new Observer() {
          @Override
          public boolean between(Waypoint here) {
            Map<String, NDArray> copy = new LinkedHashMap<>();
            here.arrays().forEach((name, array) -> copy.put(name, stored(array)));
            arrays.add(copy);
            facts.add(here.facts());
            return true;
          }
        };
    try (Waypoint start = start(walk);
        Waypoint end = walk.on(start, saving)) {
      assertThat(arrays).hasSize(end.steps() - 1);
      for (int i = 0; i < arrays.size(); i++) {
        try (Waypoint saved = Waypoint.of(arrays.get(i), facts.get(i));
            Waypoint again = walk.on(saved, Observer.NOBODY)) {
          assertThat(again.x().toFloatArray())
              .as("resumed after step %s", i)
              .containsExactly(end.x().toFloatArray());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void as_many_arrays_live_after_a_walk_as_before(Sampler sampler) throws InterruptedException {
    Trajectory walk = walk(sampler, TANH);
    int before = manager.getManagedArrays().size();
    try (Waypoint start = start(walk);
        Waypoint end = walk.on(start, Observer.NOBODY)) {
      assertThat(manager.getManagedArrays())
          .hasSize(before + start.arrays().size() + end.arrays().size());
    }
    assertThat(manager.getManagedArrays()).hasSize(before);
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void a_walk_ends_at_the_last_level_near_the_data(Sampler sampler) throws InterruptedException {
    Trajectory walk = walk(sampler, new Gaussian(3, 1e-8).denoiser());
    try (Waypoint start = start(walk);
        Waypoint end = walk.on(start, Observer.NOBODY)) {
      assertThat(end.arrived()).isTrue();
      assertThat(end.sigma()).isZero();
      assertThat(end.x().sub(3).abs().max().getFloat()).isLessThan(0.1f);
    }
  }

  @Test
  void a_walk_ends_with_its_estimate_once_that_settles_and_not_while_noise_prevails()
      throws InterruptedException {
    List<Estimate> seen = new ArrayList<>();
    Observer observer =
        new Observer() {
          @Override
          public void seen(Estimate now, int step) {
            seen.add(new Estimate(now.sigma(), stored(now.x()), stored(now.denoised())));
          }
        };
    // While there is nothing but noise, the estimate is the mean of the data and does not change.
    NoiseSchedule schedule = NoiseSchedule.karras(40, 0.002, 1e5, 7);
    Trajectory walk = walk(RungeKutta.euler().settling(0.05), new Gaussian(0.1, 1).denoiser());
    try (Waypoint start =
            walk.start(schedule, noise.start(manager, 0, REGION, DataType.FLOAT32), "gaussian");
        Waypoint end = walk.on(start, observer)) {
      assertThat(end.arrived()).isTrue();
      assertThat(end.steps()).isLessThan(schedule.steps());
      assertThat(change(seen.get(1), seen.get(0))).as("while noise prevails").isLessThan(0.05);
      int settled =
          IntStream.range(1, seen.size())
              .filter(i -> change(seen.get(i), seen.get(i - 1)) < 0.05)
              .filter(i -> seen.get(i).sigma() < size(seen.get(i).denoised()))
              .findFirst()
              .orElseThrow();
      assertThat(end.steps()).isEqualTo(settled + 1);
      assertThat(end.x().toFloatArray())
          .containsExactly(seen.get(settled).denoised().toFloatArray());
    }
  }

  private static double change(Estimate later, Estimate before) {
    return size(later.denoised().sub(before.denoised())) / size(later.denoised());
  }

  /** The root of the mean square. */
  private static double size(NDArray values) {
    return Math.sqrt(values.square().mean().getFloat());
  }

  @Test
  void the_observer_sees_one_estimate_a_step_and_may_stop_the_walk() throws InterruptedException {
    List<Double> seen = new ArrayList<>();
    Observer observer =
        new Observer() {
          @Override
          public void seen(Estimate now, int step) {
            assertThat(step).isEqualTo(seen.size());
            seen.add(now.sigma());
          }

          @Override
          public boolean between(Waypoint here) {
            return here.steps() < 3;
          }
        };
    Trajectory walk = walk(Samplers.named("euler"), TANH);
    try (Waypoint start = start(walk);
        Waypoint end = walk.on(start, observer)) {
      assertThat(end.arrived()).isFalse();
      assertThat(end.steps()).isEqualTo(3);
      assertThat(seen).containsExactly(SCHEDULE.sigma(0), SCHEDULE.sigma(1), SCHEDULE.sigma(2));
    }
  }

  @Test
  void an_interrupted_walk_stops_between_two_steps_and_leaves_nothing() {
    Trajectory walk = walk(Samplers.named("dpmpp_2m"), TANH);
    int before = manager.getManagedArrays().size();
    try (Waypoint start = start(walk)) {
      Observer interrupting =
          new Observer() {
            @Override
            public void seen(Estimate now, int step) {
              if (step == 1) {
                Thread.currentThread().interrupt();
              }
            }
          };
      assertThatThrownBy(() -> walk.on(start, interrupting))
          .isInstanceOf(InterruptedException.class)
          .hasMessage("stopped before step 2");
    }
    assertThat(manager.getManagedArrays()).hasSize(before);
  }

  @Test
  void not_a_number_from_the_network_stops_the_walk_and_names_the_step() {
    Denoiser failing = Denoiser.of((x, sigma) -> x.mul(sigma < 1 ? Double.NaN : 0.5));
    Trajectory walk = walk(Samplers.named("heun"), failing);
    int before = manager.getManagedArrays().size();
    try (Waypoint start = start(walk)) {
      assertThatThrownBy(() -> walk.on(start, Observer.NOBODY))
          .isInstanceOfSatisfying(
              DivergenceException.class, stopped -> assertThat(stopped.step()).isEqualTo(3))
          .hasMessageContaining("step 3")
          .hasMessageContaining("sigma 0.");
    }
    assertThat(manager.getManagedArrays()).hasSize(before);
  }

  @Test
  void a_denoiser_that_changes_the_shape_is_refused() {
    Trajectory walk = walk(Samplers.named("euler"), Denoiser.of((x, sigma) -> x.get(":, 1:")));
    try (Waypoint start = start(walk)) {
      assertThatThrownBy(() -> walk.on(start, Observer.NOBODY))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("(1, 1, 3, 2, 2)")
          .hasMessageContaining("(1, 2, 3, 2, 2)");
    }
  }

  @Test
  void a_checkpoint_of_another_sampler_model_or_version_is_refused() {
    try (Waypoint start = start(walk(Samplers.named("heun"), TANH))) {
      assertThatThrownBy(() -> walk(Samplers.named("dpmpp_2m"), TANH).on(start, Observer.NOBODY))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the checkpoint is of sampler heun, not dpmpp_2m");
      assertThat(start.expecting("test")).isSameAs(start);
      assertThatThrownBy(() -> start.expecting("another"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the checkpoint is of model test, not another");
      Map<String, String> old = new LinkedHashMap<>(start.facts());
      old.put("version", "0");
      assertThatThrownBy(() -> Waypoint.of(start.arrays(), old))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the checkpoint is of version 0, not 1");
      old.put("version", "1");
      assertThatThrownBy(() -> Waypoint.of(Map.of(), old))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the checkpoint lacks 'x'");
    }
  }

  @Test
  void a_picture_is_refined_from_the_level_one_chooses() throws InterruptedException {
    Trajectory walk = walk(Samplers.named("euler"), new Gaussian(0, 1).denoiser());
    NDArray clean = manager.full(new Shape(1, 2, 3, 2, 2), 0.5f);
    NDArray n = noise.start(manager, 0, REGION, DataType.FLOAT32);
    NoiseSchedule late = SCHEDULE.late(5);
    try (Waypoint start = walk.start(late, clean, n, "test");
        Waypoint end = walk.on(start, Observer.NOBODY)) {
      assertThat(end.steps()).isEqualTo(2);
      assertThat(end.x().sub(clean).abs().max().getFloat()).isLessThan((float) (4 * late.sigma(0)));
    }
    assertThatThrownBy(() -> walk.start(late, clean.get(":, 1:"), n, "test"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("(1, 1, 3, 2, 2)");
  }

  @Test
  void stepping_in_two_threads_gives_the_same_bits() throws InterruptedException {
    Trajectory walk = walk(Samplers.named("dpmpp_2m"), TANH);
    AtomicReference<float[]> other = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              try (NDManager own = NDManager.newBaseManager()) {
                other.set(result(walk, own));
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
    thread.start();
    float[] here = result(walk, manager);
    thread.join();
    assertThat(other.get()).containsExactly(here);
  }

  private float[] result(Trajectory walk, NDManager own) throws InterruptedException {
    NDArray n = noise.start(own, 0, REGION, DataType.FLOAT32);
    try (Waypoint start = walk.start(SCHEDULE, n, "test");
        Waypoint end = walk.on(start, Observer.NOBODY)) {
      return end.x().toFloatArray();
    }
  }

  private Trajectory walk(Sampler sampler, Denoiser denoiser) {
    return new Trajectory(sampler, denoiser, noise.draws(0, REGION));
  }

  private Waypoint start(Trajectory walk) {
    try (NDArray n = noise.start(manager, 0, REGION, DataType.FLOAT32)) {
      return walk.start(SCHEDULE, n, "test");
    }
  }

  /** Copies a waypoint as if it were written to a file and read again. */
  private NDArray stored(NDArray array) {
    return manager.create(array.toFloatArray(), array.getShape());
  }
}
