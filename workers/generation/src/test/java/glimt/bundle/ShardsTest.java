package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.BundleCard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardsTest {
  private static final String SOURCE =
      """
      class Network(Module):
        precision : int
        a : Tensor
        b : Tensor

        def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
          return x * torch.to(self.a, 6) + torch.to(self.b, 6)
      """;

  private static final String INDEX = "net.safetensors.index.json";
  private static final String ONE = "net-00001-of-00002.safetensors";
  private static final String TWO = "net-00002-of-00002.safetensors";

  @TempDir Path folder;

  @BeforeEach
  void write() throws Exception {
    ToyBundle.write(folder);
    Files.delete(folder.resolve("net.safetensors"));
    Files.writeString(folder.resolve("net.py"), SOURCE);
    shard(ONE, Map.of("a", 2f));
    shard(TWO, Map.of("b", 5f));
    index("{\"a\": \"%s\", \"b\": \"%s\"}".formatted(ONE, TWO));
  }

  @Test
  void weights_in_two_files_are_one_network() {
    try (Network network = Bundle.open(folder).network("base", Precision.FLOAT32);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = scope.ones(new Shape(1, 3, 2)).mul(3);
      NDArray words = scope.create(new long[4], new Shape(1, 4));

      assertThat(
              network
                  .forward(x, scope.zeros(new Shape(1)), Network.conditioning(words, null))
                  .toFloatArray())
          .containsOnly(11f);
    }
  }

  @Test
  void a_missing_shard_is_named() throws Exception {
    Files.delete(folder.resolve(TWO));
    refused(TWO + " is missing");
    pin(ONE, INDEX, "net.py");
    refused("lists no file " + TWO);
  }

  @Test
  void a_tensor_that_lies_in_another_shard_is_named() throws Exception {
    index("{\"a\": \"%s\", \"b\": \"%s\"}".formatted(TWO, ONE));
    refused(INDEX + " contradicts its shards", "tensor a should be in " + TWO);
  }

  @Test
  void a_tensor_that_no_index_names_is_refused() throws Exception {
    shard(TWO, Map.of("b", 5f, "c", 1f));
    pin(ONE, TWO, INDEX, "net.py");
    refused(TWO + " contains tensor c, which the index does not list");
  }

  @Test
  void a_tensor_in_two_shards_is_refused() throws Exception {
    shard(TWO, Map.of("b", 5f, "a", 1f));
    pin(ONE, TWO, INDEX, "net.py");
    refused(TWO + " contains tensor a, which the index places in " + ONE);
  }

  @Test
  void an_index_that_is_none_is_refused() throws Exception {
    Files.writeString(folder.resolve(INDEX), "{\"weight_map\": {}}");
    pin(ONE, TWO, INDEX, "net.py");
    refused("it has no weight_map");
    Files.writeString(folder.resolve(INDEX), "{\"weight_map\": ");
    pin(ONE, TWO, INDEX, "net.py");
    refused(INDEX + " is not a shard index");
    index("{\"a\": 7, \"b\": \"%s\"}".formatted(TWO));
    refused("the place of tensor a must be a file name, not 7");
  }

  @Test
  void a_shard_outside_of_the_folder_is_refused() throws Exception {
    index("{\"a\": \"../%s\", \"b\": \"%s\"}".formatted(ONE, TWO));
    refused("lists no file ../" + ONE);
  }

  private void shard(String name, Map<String, Float> scalars) {
    Map<String, Tensor> tensors = new TreeMap<>();
    scalars.forEach((tensor, value) -> tensors.put(tensor, Tensor.of(new float[] {value}, 1)));
    new Safetensors(tensors).write(folder.resolve(name));
  }

  private void index(String map) throws Exception {
    Files.writeString(
        folder.resolve(INDEX), "{\"metadata\": {\"total_size\": 8}, \"weight_map\": " + map + "}");
    pin(ONE, TWO, INDEX, "net.py");
  }

  private void pin(String... names) throws Exception {
    Map<String, String> files = new TreeMap<>();
    for (String name : names) {
      files.put(name, Bundle.sha256(Files.readAllBytes(folder.resolve(name))));
    }
    BundleCard card = Bundle.card(folder);
    Bundle.write(folder, card.with(files, card.notes()));
  }

  private void refused(String... reasons) {
    assertThatThrownBy(() -> Bundle.open(folder))
        .isInstanceOf(BundleException.class)
        .hasMessageContainingAll(reasons);
  }
}
