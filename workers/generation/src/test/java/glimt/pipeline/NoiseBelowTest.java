package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.model.Level;
import glimt.model.Port;
import glimt.published.BundleImport;
import glimt.published.ImportOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the second stage of DeepFloyd IF is told of a noise level. */
class NoiseBelowTest {
  private static final Path PUBLISHED =
      Path.of("src/test/resources/golden-models/deepfloyd-if/two-stages");

  @TempDir static Path folder;
  private static Level level;

  @BeforeAll
  static void prepare() {
    List<Path> stages = List.of(PUBLISHED.resolve("stage1"), PUBLISHED.resolve("stage2"));
    try (BundleImport imported =
        BundleImport.of(stages, folder.resolve("models"), ImportOptions.asPublished())) {
      level = imported.bundle().card().levels().getLast();
    }
  }

  /** sqrt(abar) x + sqrt(1 - abar) noise, and the step itself, on betas written down here. */
  @Test
  void a_picture_has_the_noise_of_the_step_and_the_network_is_told_the_step() {
    double abar = 1;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 1000; step++) {
        abar *= 1 - Math.min(0.999, 1 - cosine((step + 1) / 1000.0) / cosine(step / 1000.0));
        Level noised = LevelWalk.noised(level, step);
        Map<String, NDArray> given = told(manager, noised);
        double signal = Objects.requireNonNull(given.get("low_signal")).getFloat(0);
        assertThat(signal).as("step %s", step).isCloseTo(Math.sqrt(abar), within(2e-5));
        assertThat(signal * noised.belowNoise())
            .as("step %s", step)
            .isCloseTo(Math.sqrt(1 - abar), within(2e-5));
        assertThat(Objects.requireNonNull(given.get("class_labels")).getFloat(0))
            .isEqualTo((float) step);
      }
    }
    assertThat(LevelWalk.noised(level, 250)).as("the published default").isEqualTo(level);
    assertThatThrownBy(() -> LevelWalk.noised(level, 1000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("steps 0 to 999");
  }

  /** Nichol and Dhariwal 2021, equation 17, without the division by its value at 0. */
  private static double cosine(double time) {
    double root = Math.cos((time + 0.008) / 1.008 * Math.PI / 2);
    return root * root;
  }

  /** What feeds the ports that are about the noise alone. */
  private static Map<String, NDArray> told(NDManager manager, Level noised) {
    List<Port> ports =
        noised.ports().stream()
            .filter(
                port ->
                    port.feed() == Port.PortSource.BELOW_SIGNAL
                        || port.feed() == Port.PortSource.BELOW_NOISE)
            .toList();
    Level bare =
        new Level(
            noised.name(),
            noised.axes(),
            noised.channels(),
            noised.network(),
            noised.parametrisation(),
            ports,
            noised.residual(),
            noised.belowNoise(),
            noised.codec(),
            noised.sampling(),
            noised.fast());
    return new Prompted(Map.of(), Map.of())
        .conditions(manager, bare, bare.sampling(), () -> manager.zeros(new Shape(1)))
        .given();
  }
}
