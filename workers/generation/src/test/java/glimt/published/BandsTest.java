package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Large pictures are convolved in bands of rows: the same numbers as in one piece. */
class BandsTest {
  /** Each layer in bands, and as the blocks of single layers have it. */
  private static final String SOURCE =
      """
      from blocks.bands import AddedConv2d, BandedConv2d
      from blocks.convolution import Conv2d
      from blocks.norms import GroupNorm


      class Network(Module):
        precision : int
        norm : GroupNorm
        banded : BandedConv2d
        whole : Conv2d
        added : AddedConv2d
        single : Conv2d
        inner : BandedConv2d
        plain : Conv2d

        def forward(self, z: Tensor) -> Dict[str, Tensor]:
          up = torch.upsample_nearest2d(z, [2 * torch.size(z, 2), 2 * torch.size(z, 3)])
          some = torch.narrow(z, 1, 0, 4) * 1.0
          return {
            "normed": self.banded.normed(z, self.norm.weight, self.norm.bias, 2, 1e-06, False),
            "normed in one piece": self.whole.forward(torch.silu(self.norm.forward(z, 2, 1e-06)), 1, 1),
            "replaced": self.inner.normed(z * 1.0, self.norm.weight, self.norm.bias, 2, 1e-06, True),
            "replaced in one piece": self.plain.forward(torch.silu(self.norm.forward(z, 2, 1e-06)), 1, 1),
            "doubled": self.banded.doubled(z),
            "doubled in one piece": self.whole.forward(up, 1, 1),
            "added": self.added.forward(some, z),
            "added in one piece": torch.narrow(z, 1, 0, 4) + self.single.forward(z, 1, 0)}
      """;

  @Test
  void a_large_picture_in_bands_that_do_not_divide_its_height() {
    // 8 × 611 × 900 values: three bands of rows, and nine for twice the size.
    compare(1, 611, 900);
  }

  @Test
  void two_pictures_at_a_time() {
    compare(2, 530, 510);
  }

  @Test
  void a_small_picture_in_one_piece() {
    compare(1, 5, 7);
  }

  private static void compare(int pictures, int height, int width) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("norm.weight", random(1, 8));
    tensors.put("norm.bias", random(2, 8));
    for (String convolution : new String[] {"banded", "whole"}) {
      tensors.put(convolution + ".weight", random(3, 4, 8, 3, 3));
      tensors.put(convolution + ".bias", random(4, 4));
    }
    for (String convolution : new String[] {"added", "single"}) {
      tensors.put(convolution + ".weight", random(5, 4, 8, 1, 1));
      tensors.put(convolution + ".bias", random(6, 4));
    }
    for (String convolution : new String[] {"inner", "plain"}) {
      tensors.put(convolution + ".weight", random(7, 8, 8, 3, 3));
      tensors.put(convolution + ".bias", random(8, 8));
    }
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        Network network =
            Network.load(
                "bands",
                NetworkSource.parse("bands.py", SOURCE),
                new Safetensors(tensors),
                Precision.FLOAT32,
                Device.cpu())) {
      NDArray z = TinyNetwork.values(manager, pictures, 8, height, width).add(0.5f);
      NDList results = network.call(Map.of("z", z));
      for (String layer : new String[] {"normed", "replaced", "doubled", "added"}) {
        assertThat(TinyNetwork.apart(results.get(layer), results.get(layer + " in one piece")))
            .as(layer)
            .isLessThan(1e-5);
      }
    }
  }

  private static Tensor random(int seed, long... shape) {
    int size = 1;
    for (long extent : shape) {
      size *= (int) extent;
    }
    Random random = new Random(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (0.3 * random.nextGaussian());
    }
    return Tensor.of(values, shape);
  }
}
