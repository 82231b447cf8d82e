package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights of half precision that stay as they are stored give the same bits as converted ones. */
class StoredWeightsTest {
  private static final String SOURCE =
      """
      from blocks.embedding import Embedding
      from blocks.linear import Linear
      from blocks.norms import LayerNorm

      class Network(Module):
        precision : int
        words : Embedding
        place : Tensor        # [3, 4]
        mix : Linear
        norm : LayerNorm

        def forward(self, tokens: Tensor) -> Tensor:
          z = self.words.forward(tokens) + self.place * torch.size(self.place, 0)
          z = torch.matmul(z, torch.transpose(self.place, 0, 1))
          return self.norm.forward(self.mix.forward(z), 1e-05)
      """;

  private static final Map<String, List<Long>> SHAPES =
      new TreeMap<>(
          Map.of(
              "words.weight", List.of(7L, 4L),
              "place", List.of(3L, 4L),
              "mix.weight", List.of(5L, 3L),
              "mix.bias", List.of(5L),
              "norm.weight", List.of(5L),
              "norm.bias", List.of(5L)));

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "F32"})
  void the_bits_are_the_same(Dtype stored) {
    Path file = folder.resolve("weights.safetensors");
    random(stored).write(file);

    assertThat(answer(Safetensors.map(file), true))
        .isEqualTo(answer(Safetensors.map(file), false))
        .doesNotContain(Float.NaN)
        .hasSize(15);
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "F32"})
  void values_at_odd_places_of_a_file_are_copied(Dtype stored) throws IOException {
    Path file = folder.resolve("weights.safetensors");
    random(stored).write(file);
    float[] even = answer(Safetensors.map(file), true);
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long length = header.getLong();
    ByteBuffer odd =
        ByteBuffer.allocate(bytes.length + 1)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(length + 1)
            .put(bytes, 8, (int) length)
            .put((byte) ' ')
            .put(bytes, 8 + (int) length, bytes.length - 8 - (int) length);
    Files.write(file, odd.array());

    assertThat(answer(Safetensors.map(file), true)).isEqualTo(even);
    assertThat(answer(Safetensors.map(file), false)).isEqualTo(even);
  }

  @Test
  void a_small_network_takes_the_memory_of_its_precision() {
    Safetensors half = random(Dtype.F16);
    long values = 7 * 4 + 3 * 4 + 5 * 3 + 5 + 5 + 5;

    assertThat(TorchNetwork.bytes(half, Precision.FLOAT32)).isEqualTo(4 * values);
    assertThat(TorchNetwork.bytes(half, Precision.BFLOAT16)).isEqualTo(2 * values);
  }

  @Test
  void a_large_network_takes_the_memory_of_its_file() {
    long half = 1L << 27;
    Safetensors large =
        new Safetensors(
            Map.of(
                "w",
                new Tensor(
                    Dtype.BF16,
                    List.of(half / 2),
                    MemorySegment.ofBuffer(ByteBuffer.allocate((int) half)))));

    assertThat(TorchNetwork.bytes(large, Precision.FLOAT32)).isEqualTo(half);
  }

  private static float[] answer(Safetensors weights, boolean asStored) {
    NetworkSource source = NetworkSource.parse("net.py", SOURCE);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        Network network =
            TorchNetwork.load("net", source, weights, Precision.FLOAT32, Device.cpu(), asStored)) {
      return network
          .call(Map.of("tokens", manager.create(new long[] {6, 0, 3}, new Shape(1, 3))))
          .singletonOrThrow()
          .toFloatArray();
    }
  }

  private static Safetensors random(Dtype stored) {
    Random random = new Random(5);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    SHAPES.forEach(
        (name, shape) -> {
          int count = (int) Safetensors.count(shape);
          ByteBuffer values =
              ByteBuffer.allocate(count * stored.bytes).order(ByteOrder.LITTLE_ENDIAN);
          for (int i = 0; i < count; i++) {
            float value = (float) random.nextGaussian();
            switch (stored) {
              case F16 -> values.putShort(Float.floatToFloat16(value));
              case BF16 -> values.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
              default -> values.putFloat(value);
            }
          }
          tensors.put(name, new Tensor(stored, shape, MemorySegment.ofBuffer(values.flip())));
        });
    return new Safetensors(tensors);
  }
}
