package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.diffusion.WalkRecipe;
import glimt.model.Axis;
import glimt.model.Codec;
import glimt.model.GuidanceRule;
import glimt.model.NetworkAnswer;
import glimt.model.Parametrisation;
import glimt.model.Refinement;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What walks begin with that do not begin with noise alone. */
class DraftTest {
  @Test
  void a_latent_is_drawn_from_what_the_encoder_answers_and_scaled() {
    String source =
        """
        class Network(Module):
          def forward(self, image: Tensor) -> Dict[str, Tensor]:
            return {"mean": image * 3., "logvar": image}
        """;
    List<Axis> axes = List.of(Axis.whole("height", 1), Axis.whole("width", 2));
    Codec codec =
        new Codec("vae", axes, List.of(1, 1), List.of(false, false), 1, List.of(2.0), List.of(1.0));
    try (NDManager manager = NDManager.newBaseManager();
        Network network =
            Network.load(
                "vae",
                NetworkSource.parse("vae.py", source),
                new Safetensors(Map.of()),
                Precision.FLOAT32,
                Device.cpu())) {
      float[] image = {0.5f, -1};
      long[] shape = {1, 1, 2};
      LatentDecoder.Normals noise = () -> new float[] {8, -8};
      assertThat(
              new LatentEncoder(codec.with(new Codec.LatentEncoding("enc", false)), network)
                  .encoded(manager, image, shape, 2, noise))
          .containsExactly((1.5f - 1) * 2, (-3f - 1) * 2);
      assertThat(
              new LatentEncoder(codec.with(new Codec.LatentEncoding("enc", true)), network)
                  .encoded(manager, image, shape, 2, noise))
          .containsExactly(
              new float[] {
                (float) ((1.5 + 8 * Math.exp(0.25) - 1) * 2),
                (float) ((-3 - 8 * Math.exp(-0.5) - 1) * 2)
              },
              within(1e-5f));
    }
  }

  /** By hand, as diffusers' image to image of DDIM with ten steps and half the strength begins. */
  @Test
  void a_walk_begins_at_the_timestep_of_its_strength_with_as_much_noise() {
    Sampling sampling = sampling("DDIMScheduler", 10);
    WalkRecipe walk = walk(sampling).late(Refinement.skipped(10, 0.5));
    assertThat(walk.times()).containsExactly(401.0, 301.0, 201.0, 101.0, 1.0);
    double signal = 1;
    for (int i = 0; i <= 401; i++) {
      double root = Math.sqrt(0.00085) + (Math.sqrt(0.012) - Math.sqrt(0.00085)) * i / 999;
      signal *= 1 - root * root;
    }
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray clean = manager.create(new float[] {0.3f, -2});
      NDArray noise = manager.create(new float[] {1.5f, 0.4f});
      double sigma = walk.levels().sigma(0);
      float[] begun = walk.frame().leave(clean.add(noise.mul(sigma)), sigma).toFloatArray();
      for (int i = 0; i < 2; i++) {
        double expected =
            Math.sqrt(signal) * clean.getFloat(i) + Math.sqrt(1 - signal) * noise.getFloat(i);
        assertThat(begun[i]).isCloseTo((float) expected, within(2e-6f));
      }
    }
  }

  @Test
  void a_flow_begins_between_the_draft_and_the_noise() {
    Sampling sampling =
        new Sampling(
            Sampling.PUBLISHED,
            8,
            GuidanceRule.of(1),
            new Schedule.Published(Map.of("_class_name", "FlowMatchEulerDiscreteScheduler")));
    WalkRecipe walk = walk(sampling).late(Refinement.skipped(8, 0.3));
    assertThat(walk.levels().steps()).isEqualTo(2);
    double t = walk.times().getFirst() / 1000;
    assertThat(walk.levels().sigma(0)).isCloseTo(t / (1 - t), within(1e-6));
  }

  @Test
  void a_strength_that_leaves_no_step_is_refused() {
    assertThat(Refinement.skipped(50, 0.6)).isEqualTo(20);
    assertThat(Refinement.skipped(50, 1)).isZero();
    assertThatThrownBy(() -> Refinement.skipped(4, 0.2))
        .hasMessage("a strength of 0.2 leaves none of 4 steps; ask for 5 steps or more");
  }

  private static WalkRecipe walk(Sampling sampling) {
    return LevelWalk.of(
        new Parametrisation(NetworkAnswer.EPSILON, 1, new Thresholds.Open()), sampling);
  }

  private static Sampling sampling(String name, int steps) {
    return new Sampling(
        Sampling.PUBLISHED,
        steps,
        GuidanceRule.of(1),
        new Schedule.Published(
            Map.of(
                "_class_name",
                name,
                "beta_schedule",
                "scaled_linear",
                "beta_start",
                0.00085,
                "beta_end",
                0.012,
                "steps_offset",
                1)));
  }
}
