package glimt.model;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.json.Json;
import glimt.model.Schedule.FlowTimes;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  @Test
  void linear_times_end_one_step_above_0() {
    near(FlowTimes.LINEAR.of(4), 1, 0.75, 0.5, 0.25);
    near(FlowTimes.LINEAR.of(1), 1);
  }

  @Test
  void linear_quadratic_times_begin_in_small_steps() {
    near(FlowTimes.LINEAR_QUADRATIC.of(4), 1, 0.9875, 0.975, 0.725);
    near(FlowTimes.LINEAR_QUADRATIC.of(1), 1);
    List<Double> times = FlowTimes.LINEAR_QUADRATIC.of(25);
    assertThat(times).hasSize(25).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    assertThat(times.get(12)).isCloseTo(0.975, Offset.offset(1e-12));
    assertThat(times.getLast()).isPositive();
  }

  @Test
  void a_published_schedule_keeps_what_its_pipeline_gives_the_scheduler() {
    Map<String, Object> settings = Map.of("_class_name", "FlowMatchEulerDiscreteScheduler");
    Sampling sampling =
        new Sampling(
            Sampling.PUBLISHED,
            4,
            GuidanceRule.of(3),
            new Schedule.Published(settings, FlowTimes.LINEAR, null));
    assertThat(Json.read(Json.write(sampling), Sampling.class)).isEqualTo(sampling);
  }

  private static void near(List<Double> times, double... expected) {
    assertThat(times.stream().mapToDouble(time -> time).toArray())
        .containsExactly(expected, Offset.offset(1e-12));
  }
}
