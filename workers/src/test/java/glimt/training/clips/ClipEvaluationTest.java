package glimt.training.clips;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.training.clips.ClipEvaluation.Steering;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A small part of what {@code glimt eval} measures, on the bundle that glimt comes with. */
class ClipEvaluationTest {
  @Test
  void the_default_bundle_shows_what_its_prompts_ask_for() throws Exception {
    Steering steering =
        new ClipEvaluation(Bundle.open(Path.of("models/clips"))).steering(8, _ -> {});

    assertThat(steering.clips()).isEqualTo(16);
    assertThat(steering.colour()).isGreaterThanOrEqualTo(0.9);
    assertThat(steering.direction()).isGreaterThanOrEqualTo(0.8);
    assertThat(steering.subject()).isGreaterThanOrEqualTo(0.6);
  }
}
