package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.diffusion.Denoiser;
import glimt.model.Expert;
import glimt.model.GuidanceRule;
import glimt.model.NetworkAnswer;
import glimt.model.Parametrisation;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExpertNetworksTest {
  private static final Expert EXPERT = new Expert("low", 500, 3.0);

  /** v = s p, with s of the network and p of the prompt: x0 = z - t v at the flow's time t. */
  @Test
  void the_timestep_chooses_the_network_and_the_weight_of_its_guidance() {
    try (NDManager manager = NDManager.newBaseManager();
        ExpertNetworks both = new ExpertNetworks(network(2), network(10), EXPERT)) {
      Sampling sampling =
          new Sampling(
              Sampling.PUBLISHED,
              4,
              GuidanceRule.of(4),
              new Schedule.Published(Map.of("_class_name", "FlowMatchEulerDiscreteScheduler")));
      Parametrisation flow = new Parametrisation(NetworkAnswer.FLOW, 1, new Thresholds.Open());
      var conditions =
          new LevelDenoiser.Conditioning(
              Map.of("p", manager.create(new float[][] {{5}})),
              Map.of("p", manager.create(new float[][] {{1}})));
      Denoiser denoiser = new LevelDenoiser(both, flow, sampling, EXPERT).guided(conditions);
      double[] sigmas = LevelWalk.of(flow, sampling).levels().sigmas();
      for (int i = 1; i < 4; i++) {
        double t = sigmas[i] / (1 + sigmas[i]);
        double v = t >= 0.5 ? 2 * (1 + 4 * (5 - 1)) : 10 * (1 + 3 * (5 - 1));
        NDArray x = manager.create(new float[][] {{7}});
        double z = 7 * (1 - t);
        assertThat(denoiser.estimate(x, sigmas[i], null).denoised().getFloat(0))
            .isCloseTo((float) (z - t * v), within(1e-3f));
      }
      assertThat(List.of(sigmas[1] > 1, sigmas[3] < 1)).containsOnly(true);
    }
  }

  private static Network network(double scale) {
    String source =
        """
        class Network(Module):
          def forward(self, x: Tensor, noise: Tensor, p: Tensor) -> Tensor:
            return p * %s + x * 0.
        """
            .formatted(scale);
    return Network.load(
        "tiny",
        NetworkSource.parse("tiny.py", source),
        new Safetensors(Map.of()),
        Precision.FLOAT32,
        Device.cpu());
  }
}
