package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.BundleCard;
import glimt.model.Level;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkCacheTest {
  /** The size of the toy network's weights: four float32 values. */
  private static final long ONE = 16;

  @TempDir Path folder;
  private Bundle first;
  private Bundle second;

  @BeforeEach
  void write() throws Exception {
    first = Bundle.open(ToyBundle.write(Files.createDirectory(folder.resolve("first"))));
    Path other = ToyBundle.write(Files.createDirectory(folder.resolve("second")));
    BundleCard card = Bundle.card(other);
    Bundle.write(other, card.with(card.files(), Map.of("it is", "another")));
    second = Bundle.open(other);
  }

  @Test
  void a_network_is_loaded_once() {
    try (NetworkCache cache = cache(2 * ONE)) {
      assertThat(answer(cache.network(first, level(first).network()))).isEqualTo(1);
      assertThat(answer(cache.network(first, level(first).network()))).isEqualTo(1);

      assertThat(cache.bytes()).isEqualTo(ONE);
      assertThat(cache.warm()).containsExactly(new NetworkCache.WarmNetwork(first.digest(), "net"));
    }
  }

  @Test
  void the_one_used_least_recently_goes_when_memory_is_short() {
    try (NetworkCache cache = cache(2 * ONE - 1)) {
      cache.network(first, level(first).network());
      cache.network(second, level(second).network());

      assertThat(cache.warm())
          .containsExactly(new NetworkCache.WarmNetwork(second.digest(), "net"));
      assertThat(cache.bytes()).isEqualTo(ONE);
    }
  }

  @Test
  void two_networks_that_do_not_fit_side_by_side_take_turns() {
    try (NetworkCache cache = cache(ONE)) {
      Network one = cache.network(first, level(first).network());
      Network two = cache.network(second, level(second).network());

      for (int i = 0; i < 3; i++) {
        assertThat(answer(one)).isEqualTo(1);
        assertThat(answer(two)).isEqualTo(1);
        assertThat(cache.bytes()).isEqualTo(ONE);
      }
    }
  }

  @Test
  void a_network_larger_than_the_memory_says_so() {
    try (NetworkCache cache = cache(ONE - 1)) {
      assertThatThrownBy(() -> cache.network(first, level(first).network()))
          .isInstanceOf(DeviceMemoryException.class)
          .hasMessageContaining("toy/net has 1 MB of weights")
          .hasMessageContaining("at most 0 MB");
    }
  }

  @Test
  void weights_that_change_under_a_loaded_network_are_refused_and_good_again_when_they_return()
      throws Exception {
    try (NetworkCache cache = cache(ONE)) {
      Level level = level(first);
      cache.network(first, level.network());
      Path file = folder.resolve("first").resolve("net.safetensors");
      byte[] good = Files.readAllBytes(file);
      byte[] bad = good.clone();
      bad[bad.length - 1] ^= 1;

      Files.write(file, bad);
      assertThatThrownBy(() -> cache.network(first, level.network()))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("net.safetensors has SHA-256");
      assertThat(cache.warm()).isEmpty();

      Files.write(file, good);
      assertThat(answer(cache.network(first, level.network()))).isEqualTo(1);
    }
  }

  @Test
  void what_a_large_network_computed_with_is_given_back_when_another_is_called() throws Exception {
    withLargeAndSmall(
        (large, small, held) -> {
          for (int i = 0; i < 3; i++) {
            large.run();
          }
          assertThat(held.getAsLong()).isGreaterThan(250);
          small.run();
          assertThat(held.getAsLong()).isLessThan(100);
        });
  }

  @Test
  void what_a_large_network_computes_with_is_given_back_if_it_is_called_once() throws Exception {
    withLargeAndSmall(
        (large, small, held) -> {
          for (int i = 0; i < 3; i++) {
            large.run();
            assertThat(held.getAsLong()).isLessThan(100);
            small.run();
          }
        });
  }

  @FunctionalInterface
  private interface Calls {
    /**
     * @param held the megabytes that the process holds more than before all calls
     */
    void make(Runnable large, Runnable small, LongSupplier held);
  }

  private void withLargeAndSmall(Calls calls) throws IOException {
    try (NetworkCache cache = cache(1L << 30);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      Network small = cache.network(second, "net");
      Network large = cache.network(large(), "net");
      answer(small);
      long before = anonymousMegabytes();
      calls.make(
          () -> evaluated(large, scope), () -> answer(small), () -> anonymousMegabytes() - before);
    }
  }

  /**
   * A network whose results lie behind 400 MB of what it computed with, so that freeing alone gives
   * nothing back.
   */
  private Bundle large() throws IOException {
    String source =
        """
        class Network(Module):
          w : Tensor

          def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
            parts = annotate(List[Tensor], [])
            for i in range(80):
              torch.append(parts, torch.ones([1310720]))
            behind = torch.narrow(parts[79], 0, 0, 524288) * 2.
            return torch.reshape(torch.narrow(behind, 0, 0, 6), [1, 3, 2])
        """;
    Safetensors weights = new Safetensors(Map.of("w", Tensor.of(new float[1 << 24], 1 << 24)));
    Path place = Files.createDirectory(folder.resolve("large"));
    return Bundle.open(ToyBundle.write(place, source, weights));
  }

  /** What this process holds in memory that is in no file. */
  private static long anonymousMegabytes() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void the_memory_of_this_machine_is_known() {
    long total = DeviceMemory.total(Device.cpu());

    assertThat(total).isGreaterThan(1L << 28);
    assertThat(DeviceMemory.forWeights(Device.cpu())).isEqualTo(total / 2);
  }

  private static NetworkCache cache(long budget) {
    return new NetworkCache(Device.cpu(), Precision.FLOAT32, budget);
  }

  private static Level level(Bundle bundle) {
    return bundle.card().levels().getFirst();
  }

  /** The output of a network for a single 0 and one word. */
  private static float answer(Network network) {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      return evaluated(network, scope).toFloatArray()[0];
    }
  }

  private static NDArray evaluated(Network network, NDManager scope) {
    NDArray words = scope.create(new long[] {1, 0, 0, 0}, new Shape(1, 4));
    return network.forward(
        scope.zeros(new Shape(1, 3, 2)),
        scope.zeros(new Shape(1)),
        Network.conditioning(words, null));
  }
}
