package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.model.Axis;
import glimt.model.Codec;
import glimt.pipeline.LatentDecoder.SeenBelow;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LatentDecoderTest {
  private static final float[] LATENT = {2, 4};
  private static final long[] SHAPE = {1, 1, 2};

  @Test
  void a_latent_is_scaled_and_shifted() {
    assertThat(decoded("latent: Tensor", "latent", null)).containsExactly(2, 3);
  }

  @Test
  void a_decoder_that_takes_noise_away_is_given_some_and_told_how_much() {
    Codec.Noising noising = new Codec.Noising(0.25, 0.5);
    assertThat(decoded("latent: Tensor, timestep: Tensor", "latent + timestep", noising))
        .containsExactly(0.75f * 2 + 0.25f * 8 + 0.5f, 0.75f * 3 - 0.25f * 8 + 0.5f);
  }

  @Test
  void a_decoder_that_reads_the_level_below_is_fed_it_and_refuses_to_do_without() {
    SeenBelow below = new SeenBelow(new float[] {10, 20}, SHAPE);
    String ports = "latent: Tensor, below: Tensor";
    assertThat(decoded(ports, "latent + below", null, true, below)).containsExactly(12, 23);
    assertThatThrownBy(() -> decoded(ports, "latent + below", null, true, null))
        .hasMessageContaining("vae needs the level below");
  }

  @Test
  void a_decoder_that_draws_noise_is_given_planes_of_its_sizes() {
    List<Axis> axes = List.of(Axis.whole("height", 1), Axis.whole("width", 2));
    Codec codec =
        new Codec(
                "vae",
                axes,
                List.of(1, 1),
                List.of(false, false),
                1,
                List.of(2.0),
                List.of(1.0),
                null,
                null)
            .drawing(List.of(new Codec.NoisePlanes(2, 1), new Codec.NoisePlanes(1, 3)));
    String source =
        """
        class Network(Module):
          def forward(self, latent: Tensor, noise_0: Tensor, noise_1: Tensor) -> Tensor:
            return latent + torch.narrow(noise_0, 0, 1, 1) + torch.sum(noise_1)
        """;
    LatentDecoder.Normals noise =
        new LatentDecoder.Normals() {
          @Override
          public float[] drawn() {
            throw new AssertionError("no noise is mixed in");
          }

          @Override
          public float[] planes(int part, Shape shape) {
            assertThat(shape).isEqualTo(part == 0 ? new Shape(2, 1, 2) : new Shape(1, 3, 6));
            float[] values = new float[(int) shape.size()];
            values[2] = 5;
            return values;
          }
        };
    try (NDManager manager = NDManager.newBaseManager();
        Network network =
            Network.load(
                "vae",
                NetworkSource.parse("vae.py", source),
                new Safetensors(Map.of()),
                Precision.FLOAT32,
                Device.cpu())) {
      LatentDecoder decoder = new LatentDecoder(codec, network);
      assertThat(decoder.decoded(manager, LATENT, SHAPE, 2, noise)).containsExactly(12, 8);
      assertThat(decoder.decoded(manager, LATENT, SHAPE, 2)).containsExactly(2, 3);
    }
  }

  private static float[] decoded(String ports, String answer, Codec.@Nullable Noising noising) {
    return decoded(ports, answer, noising, null, null);
  }

  private static float[] decoded(
      String ports,
      String answer,
      Codec.@Nullable Noising noising,
      @Nullable Boolean readsBelow,
      @Nullable SeenBelow below) {
    String source =
        """
        class Network(Module):
          def forward(self, %s) -> Tensor:
            return %s
        """
            .formatted(ports, answer);
    List<Axis> axes = List.of(Axis.whole("height", 1), Axis.whole("width", 2));
    Codec codec =
        new Codec(
            "vae",
            axes,
            List.of(1, 1),
            List.of(false, false),
            1,
            List.of(2.0),
            List.of(1.0),
            noising,
            null,
            readsBelow);
    try (NDManager manager = NDManager.newBaseManager();
        Network network =
            Network.load(
                "vae",
                NetworkSource.parse("vae.py", source),
                new Safetensors(Map.of()),
                Precision.FLOAT32,
                Device.cpu())) {
      return new LatentDecoder(codec, network, below)
          .decoded(manager, LATENT, SHAPE, 2, () -> new float[] {8, -8});
    }
  }
}
