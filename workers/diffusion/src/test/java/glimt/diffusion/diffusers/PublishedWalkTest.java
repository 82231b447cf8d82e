package glimt.diffusion.diffusers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import glimt.diffusion.Noise;
import glimt.diffusion.Observer;
import glimt.diffusion.Prediction;
import glimt.diffusion.Region;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PublishedWalkTest {

  private static final Region REGION = Region.FrameWindow.whole(2, 3, 2, 2);
  private static final Prediction TANH =
      (input, time) -> input.add(Math.sin(time)).mul(0.7).tanh().mul(0.9);

  private final NDManager manager = NDManager.newBaseManager();
  private final Noise noise = new Noise(5);

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<String> classes() {
    return PublishedWalk.classNames().stream();
  }

  @ParameterizedTest
  @MethodSource("classes")
  void a_walk_of_each_class_ends_finite_and_is_resumed_bit_for_bit(String name)
      throws InterruptedException {
    WalkRecipe walk = PublishedWalk.of(Map.of("_class_name", name)).walk(8);
    Trajectory trajectory =
        new Trajectory(walk.sampler(), walk.denoiser(TANH), noise.draws(0, REGION));
    List<Map<String, NDArray>> arrays = new ArrayList<>();
    List<Map<String, String>> facts = new ArrayList<>();
    Observer saving =
        new Observer() {
          @Override
          public boolean between(Waypoint here) {
            Map<String, NDArray> copy = new LinkedHashMap<>();
            here.arrays()
                .forEach(
                    (key, array) ->
                        copy.put(key, manager.create(array.toFloatArray(), array.getShape())));
            arrays.add(copy);
            facts.add(here.facts());
            return true;
          }
        };
    try (NDArray n = noise.start(manager, 0, REGION, DataType.FLOAT32);
        Waypoint start = trajectory.at(walk.levels(), walk.begin(n), "test");
        Waypoint end = trajectory.on(start, saving)) {
      float[] sample = walk.leave(end.x()).toFloatArray();
      for (float value : sample) {
        assertThat(Float.isFinite(value)).isTrue();
      }
      assertThat(arrays).isNotEmpty();
      for (int i = 0; i < arrays.size(); i++) {
        try (Waypoint saved = Waypoint.of(arrays.get(i), facts.get(i));
            Waypoint again = trajectory.on(saved, Observer.NOBODY)) {
          assertThat(again.x().toFloatArray())
              .as("resumed after step %s", i)
              .containsExactly(end.x().toFloatArray());
        }
      }
    }
  }

  @Test
  void the_configuration_of_stable_diffusion_xl_is_understood_with_keys_of_other_classes() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("_class_name", "EulerDiscreteScheduler");
    config.put("_diffusers_version", "0.19.0");
    config.put("beta_start", 0.00085);
    config.put("beta_end", 0.012);
    config.put("beta_schedule", "scaled_linear");
    config.put("clip_sample", false);
    config.put("sample_max_value", 1.0);
    config.put("set_alpha_to_one", false);
    config.put("skip_prk_steps", true);
    config.put("steps_offset", 1);
    config.put("timestep_spacing", "leading");
    config.put("trained_betas", null);
    PublishedWalk published = PublishedWalk.of(config);
    assertThat(published.ignored())
        .containsExactlyInAnyOrder(
            "clip_sample", "sample_max_value", "set_alpha_to_one", "skip_prk_steps");
    WalkRecipe walk = published.walk(30);
    assertThat(walk.times()).hasSize(30).startsWith(958.0, 925.0).endsWith(1.0);
    assertThat(walk.late(10).times()).hasSize(20).startsWith(628.0);
  }

  /** Times recorded from diffusers 0.35.2, and from its sources of August 2026. */
  @Test
  void a_flow_of_unipc_is_that_of_the_release_that_wrote_its_configuration() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("_class_name", "UniPCMultistepScheduler");
    config.put("prediction_type", "flow_prediction");
    config.put("use_flow_sigmas", true);
    config.put("flow_shift", 5.0);
    assertThat(PublishedWalk.of(config).walk(8).times())
        .containsExactly(999.0, 972.0, 937.0, 893.0, 833.0, 750.0, 625.0, 418.0);
    config.put("_diffusers_version", "0.36.0");
    assertThat(PublishedWalk.of(config).walk(8).times()).startsWith(999.0, 972.0);
    config.put("_diffusers_version", "0.35.2");
    config.put("flow_shift", 3.0);
    assertThat(PublishedWalk.of(config).walk(5).times())
        .containsExactly(999.0, 922.0, 817.0, 666.0, 428.0);
  }

  @Test
  void what_is_not_known_is_refused_by_name() {
    refused(Map.of(), "the scheduler configuration has no '_class_name'");
    refused(Map.of("_class_name", "RePaintScheduler"), "class RePaintScheduler is not supported");
    refused(
        Map.of("_class_name", "DDIMScheduler", "wonder", 3),
        "scheduler key 'wonder' = 3 of class DDIMScheduler is not supported");
    refused(
        Map.of("_class_name", "DDPMScheduler", "variance_type", "fixed_large_log"),
        "scheduler key 'variance_type' = fixed_large_log of class DDPMScheduler");
    refused(
        Map.of("_class_name", "EulerDiscreteScheduler", "beta_schedule", "sigmoid"),
        "scheduler key 'beta_schedule' = sigmoid of class EulerDiscreteScheduler");
    refused(
        Map.of("_class_name", "UniPCMultistepScheduler", "solver_p", Map.of("a", 1)),
        "scheduler key 'solver_p'");
    refused(
        Map.of("_class_name", "FlowMatchLCMScheduler", "scale_factors", List.of(0.5)),
        "scheduler key 'scale_factors' = [0.5]");
    refused(
        Map.of("_class_name", "FlowMatchLCMScheduler", "invert_sigmas", true),
        "scheduler key 'invert_sigmas' = true of class FlowMatchLCMScheduler is not supported because");
    refused(
        Map.of(
            "_class_name",
            "EulerDiscreteScheduler",
            "use_karras_sigmas",
            true,
            "final_sigmas_type",
            "sigma_min",
            "sigma_min",
            0.001),
        "scheduler key 'sigma_min' = 0.001 of class EulerDiscreteScheduler");
    refused(
        Map.of("_class_name", "DPMSolverMultistepScheduler", "algorithm_type", "dpmsolver"),
        "scheduler key 'final_sigmas_type' = zero of class DPMSolverMultistepScheduler is not supported"
            + " together with algorithm_type dpmsolver");
  }

  @Test
  void what_is_asked_of_a_walk_is_refused_by_name_too() {
    PublishedWalk flow =
        PublishedWalk.of(
            Map.of("_class_name", "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting", true));
    assertThatThrownBy(() -> flow.walk(4))
        .isInstanceOf(UnknownSettingException.class)
        .hasMessageContaining("'mu' = null")
        .hasMessageContaining("image_seq_len");
    double least = flow.walk(Map.of("num_inference_steps", 4, "mu", 0.5)).levels().sigma(3);
    assertThat(flow.walk(Map.of("num_inference_steps", 4, "image_seq_len", 256)).levels().sigma(3))
        .isEqualTo(least);
    assertThatThrownBy(() -> flow.walk(Map.of("num_inference_steps", 4, "mu", 1, "eta", 0.5)))
        .isInstanceOf(UnknownSettingException.class)
        .hasMessageContaining("'eta' = 0.5 of a walk of class FlowMatchEulerDiscreteScheduler");
    PublishedWalk pndm = PublishedWalk.of(Map.of("_class_name", "PNDMScheduler"));
    assertThatThrownBy(() -> pndm.walk(3)).hasMessageContaining("at least 4 steps, not 3");
  }

  private static void refused(Map<String, ?> config, String message) {
    assertThatThrownBy(() -> PublishedWalk.of(config))
        .isInstanceOf(UnknownSettingException.class)
        .hasMessageContaining(message);
  }

  /** Recorded of diffusers 0.35.2 in 32 bits: LTX-Video's scheduler, 5 steps over 16 tokens. */
  @Test
  void flow_times_in_32_bits_are_the_very_numbers_of_diffusers() {
    Map<String, ?> config =
        Map.of(
            "_class_name",
            "FlowMatchEulerDiscreteScheduler",
            "use_dynamic_shifting",
            true,
            "base_shift",
            0.95,
            "max_shift",
            2.05,
            "base_image_seq_len",
            1024,
            "max_image_seq_len",
            4096,
            "shift_terminal",
            0.1);
    Map<String, ?> asked = Map.of("sigmas", List.of(1.0, 0.8, 0.6, 0.4, 0.2), "image_seq_len", 16);
    PublishedWalk published = PublishedWalk.of(config);
    assertThat(published.inSinglePrecision().walk(asked).times())
        .containsExactly(
            1000.0, 840.9688110351562, 647.4859619140625, 406.9960632324219, 99.99996185302734);
    assertThat(published.walk(asked).times().getLast())
        .isCloseTo(100, org.assertj.core.data.Offset.offset(1e-12));
  }
}
