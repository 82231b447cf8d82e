package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.model.BundleCard;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
  @TempDir Path folder;

  @BeforeEach
  void write() throws Exception {
    ToyBundle.write(folder);
  }

  @Test
  void a_network_written_as_readable_source_computes_offline() {
    try (Network network = Bundle.open(folder).network("base", Precision.FLOAT32);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = scope.create(new float[] {1, 0, 0, 1, 1, 1}, new Shape(1, 3, 2));
      NDArray noise = scope.create(new float[] {0.5f});
      NDArray words = scope.create(new long[] {2, 1, 0, 0}, new Shape(1, 4));

      // 2 [[1, 0], [0, 1], [1, 1]] [[1, 2], [3, 4]] + 0.5 + 2 words
      assertThat(network.forward(x, noise, Network.conditioning(words, null)).toFloatArray())
          .containsExactly(4.5f, 6.5f, 8.5f, 10.5f, 10.5f, 14.5f);
    }
  }

  @Test
  void a_port_that_is_not_fed_or_that_there_is_not_is_named_with_its_network() {
    try (Network network = Bundle.open(folder).network("base", Precision.FLOAT32);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = scope.ones(new Shape(1, 3, 2));
      NDArray noise = scope.zeros(new Shape(1));
      NDArray words = scope.create(new long[4], new Shape(1, 4));

      assertThat(network.ports()).containsExactly("x", "noise", "words");
      assertThatThrownBy(() -> network.forward(x, noise, Map.of()))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("port words of network toy/net has no input");
      assertThatThrownBy(() -> network.forward(x, noise, Map.of("words", words, "below", x)))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("network toy/net has no port below")
          .hasMessageContaining("the ports are [x, noise, words]");
    }
  }

  @Test
  void an_encoder_takes_a_text_and_may_give_several_tensors_by_their_names() {
    NetworkSource encoder =
        NetworkSource.parse(
            "encoder.py",
            """
            class Network(Module):
              precision : int
              table : Tensor

              def forward(self, text: Tensor) -> Dict[str, Tensor]:
                states = torch.embedding(self.table, text)
                return {"states": states, "pooled": torch.amax(states, [1])}
            """);
    Safetensors table =
        new Safetensors(Map.of("table", Safetensors.Tensor.of(new float[] {1, 2, 3, 0}, 2, 2)));
    try (Network network = Network.of("encoder", encoder, table, Precision.FLOAT32);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray text = scope.create(new long[] {1, 0, 1}, new Shape(1, 3));

      NDList made = network.call(Map.of("text", text));

      assertThat(network.ports()).containsExactly("text");
      assertThat(made.get("states").toFloatArray()).containsExactly(3, 0, 1, 2, 3, 0);
      assertThat(made.get("pooled").toFloatArray()).containsExactly(3, 2);
    }
  }

  @Test
  void a_source_says_what_it_takes_or_is_refused() {
    assertThatThrownBy(
            () -> NetworkSource.parse("net.py", "class Network(Module):\n  w : Tensor\n").ports())
        .hasMessageContaining("net.py: class Network needs a method forward");
    assertThatThrownBy(
            () ->
                NetworkSource.parse(
                        "net.py",
                        "class Network(Module):\n  def forward(self, x: Tensor, n: int) -> Tensor:\n")
                    .ports())
        .hasMessageContaining("forward of class Network has the parameter n: int");
  }

  @Test
  void bfloat16_inside_is_float32_outside_and_nearly_the_same() {
    try (Network network = Bundle.open(folder).network("base", Precision.BFLOAT16);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = scope.create(new float[] {1, 0, 0.3f, 1, 1, 1}, new Shape(1, 3, 2));
      NDArray words = scope.create(new long[4], new Shape(1, 4));

      float[] y =
          network
              .forward(x, scope.zeros(new Shape(1)), Network.conditioning(words, null))
              .toFloatArray();

      assertThat(y[2]).isCloseTo(6.6f, within(0.05f));
    }
  }

  @Test
  void a_thousand_calls_leave_no_native_memory_behind() {
    try (Network network = Bundle.open(folder).network("base", Precision.FLOAT32);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = scope.ones(new Shape(1, 3, 2));
      NDArray noise = scope.zeros(new Shape(1));
      NDArray words = scope.create(new long[4], new Shape(1, 4));
      int before = scope.getManagedArrays().size();
      for (int i = 0; i < 1000; i++) {
        network.forward(x, noise, Network.conditioning(words, null)).close();
      }
      assertThat(scope.getManagedArrays()).hasSize(before);
    }
  }

  @Test
  void a_changed_file_is_refused_by_its_digest() throws Exception {
    Files.writeString(folder.resolve("net.py"), ToyBundle.SOURCE + "\n# more");
    refused("net.py", "SHA-256", "the card requires");
  }

  @Test
  void a_file_that_changes_under_a_running_worker_is_refused_when_it_is_next_used()
      throws Exception {
    Bundle bundle = Bundle.open(folder);
    bundle.network("base", Precision.FLOAT32).close();
    Path file = folder.resolve("net.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;

    Files.write(file, bytes);

    assertThatThrownBy(() -> bundle.network("base", Precision.FLOAT32))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("net.safetensors has SHA-256");
  }

  @Test
  void a_card_alone_is_enough_to_offer_a_bundle() throws Exception {
    Files.delete(folder.resolve("net.safetensors"));
    Files.delete(folder.resolve("net.py"));

    Bundle offered = Bundle.of(folder);

    assertThat(offered.card().name()).isEqualTo("toy");
    assertThat(offered.digest().sha256())
        .isEqualTo(Bundle.sha256(Files.readAllBytes(folder.resolve(Bundle.CARD))));
    assertThatThrownBy(() -> offered.network("base", Precision.FLOAT32))
        .hasMessageContaining("is missing");
  }

  @Test
  void a_bundle_whose_weights_do_not_fit_its_source_is_refused_when_it_is_opened()
      throws Exception {
    pin("net.safetensors", new Safetensors(Map.of()).bytes());
    refused("net.safetensors: the tensor inner.w, which the source declares, is missing");
    Map<String, Safetensors.Tensor> more = new TreeMap<>(ToyBundle.weights().tensors());
    more.put("zz.pad", Safetensors.Tensor.of(new float[1], 1));
    pin("net.safetensors", new Safetensors(more).bytes());
    refused("net.safetensors: the weights have tensors that the source does not declare", "zz.pad");
  }

  @Test
  void weights_may_stand_in_any_format_and_at_any_place_of_their_file() throws Exception {
    byte[] values = {0, 0x3c, 0, 0x40, 0, 0x42, 0, 0x44}; // 1, 2, 3, 4 in half precision
    byte[] header =
        "{\"inner.w\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]}} "
            .getBytes(StandardCharsets.UTF_8);
    byte[] file =
        ByteBuffer.allocate(8 + header.length + values.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .put(values)
            .array();
    assertThat(header.length % 2).as("the values lie at an odd address").isEqualTo(1);
    pin("net.safetensors", file);

    for (Precision precision : Precision.values()) {
      try (Network network = Bundle.open(folder).network("base", precision);
          NDManager scope = NDManager.newBaseManager("PyTorch")) {
        NDArray x = scope.create(new float[] {1, 0, 0, 1, 1, 1}, new Shape(1, 3, 2));
        NDArray words = scope.create(new long[4], new Shape(1, 4));
        assertThat(
                network
                    .forward(x, scope.zeros(new Shape(1)), Network.conditioning(words, null))
                    .toFloatArray())
            .containsExactly(2, 4, 6, 8, 8, 12);
      }
    }
  }

  @Test
  void a_source_without_precision_keeps_its_weights_as_they_are() {
    NetworkSource scaled =
        NetworkSource.parse(
            "scaled.py",
            """
            class Network(Module):
              weight : Tensor
              scale : Tensor

              def forward(self, x: Tensor) -> Tensor:
                return x * torch.to(self.weight, 6) * self.scale
            """);
    Safetensors weights =
        new Safetensors(
            Map.of(
                "weight", Safetensors.Tensor.of(new byte[] {-128, 64}, 2),
                "scale", Safetensors.Tensor.of(new float[] {0.1f}, 1))); // not a bfloat16
    try (Network network = Network.of("scaled", scaled, weights, Precision.BFLOAT16);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = scope.create(new float[] {1, 2}, new Shape(1, 2));

      assertThat(network.call(Map.of("x", x)).singletonOrThrow().toFloatArray())
          .containsExactly(-12.8f, 12.8f);
    }
  }

  @Test
  void blocks_that_a_source_takes_in_are_those_the_card_names() throws Exception {
    String source =
        """
        from blocks.linear import same

        class Network(Module):
          precision : int
          inner : Matrix

          def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
            return self.inner.forward(x)

        class Matrix(Module):
          w : Tensor  # [2, 2] normal 1

          def forward(self, x: Tensor) -> Tensor:
            return torch.matmul(x, same(self.w, x))
        """;
    pin("net.py", source.getBytes(StandardCharsets.UTF_8));
    Bundle.open(folder).network("base", Precision.FLOAT32).close();

    BundleCard card = Bundle.card(folder);
    Map<String, String> files = new TreeMap<>(card.files());
    files.putAll(NetworkSource.parse("net.py", source).pins());
    assertThat(files).containsKey("blocks/linear.py");
    Bundle.write(folder, card.with(files, card.notes()));
    Bundle.open(folder).network("base", Precision.FLOAT32).close();

    String older = Blocks.text("linear") + "\n# an older one\n";
    files.put("blocks/linear.py", Blocks.sha256(older));
    Bundle.write(folder, card.with(files, card.notes()));
    refused(
        "requires a blocks/linear.py", "put the required file into " + folder.resolve("blocks"));

    Files.createDirectory(folder.resolve("blocks"));
    Files.writeString(folder.resolve("blocks/linear.py"), older);
    Bundle.open(folder).network("base", Precision.FLOAT32).close();
    Files.writeString(folder.resolve("blocks/linear.py"), older + "\n");
    refused("blocks/linear.py has SHA-256");
  }

  @Test
  void a_source_that_takes_in_what_is_not_there_is_refused() {
    assertThatThrownBy(() -> NetworkSource.parse("net.py", "from blocks.rope import turned\n"))
        .hasMessageContaining("no block rope; the library has [activations, attention");
    assertThatThrownBy(() -> NetworkSource.parse("net.py", "from blocks.linear import Bilinear\n"))
        .hasMessageContaining("net.py: block linear declares no class or function Bilinear");
    assertThatThrownBy(() -> NetworkSource.parse("net.py", "import torch\n"))
        .hasMessageContaining("net.py: cannot parse the import 'import torch'");
    assertThatThrownBy(
            () ->
                NetworkSource.parse(
                    "net.py",
                    "from blocks.norm import normal\n\ndef normal(z: Tensor) -> Tensor:\n  return z\n"))
        .hasMessageContaining("net.py declares function normal twice");
  }

  @Test
  void a_missing_file_is_named() throws Exception {
    Files.delete(folder.resolve("net.safetensors"));
    refused("net.safetensors is missing");
  }

  @Test
  void a_missing_card_is_named() throws Exception {
    Files.delete(folder.resolve(Bundle.CARD));
    refused("bundle.json is missing");
  }

  @Test
  void a_broken_card_says_where() throws Exception {
    Path card = folder.resolve(Bundle.CARD);
    String text = Files.readString(card);
    Files.writeString(card, text.substring(0, text.length() / 2));
    refused("bundle.json is not a valid card");
    Files.writeString(card, text.replace("\"sigmaData\" : 1.0", "\"sigmaData\" : -1.0"));
    refused("bundle.json is not a valid card", "sigmaData must be positive");
    Files.writeString(card, text.replace("\"fps\"", "\"colour\" : 1, \"fps\""));
    refused("bundle.json is not a valid card", "colour");
  }

  @Test
  void a_card_that_reaches_out_of_its_folder_is_refused() throws Exception {
    Path card = folder.resolve(Bundle.CARD);
    Files.writeString(card, Files.readString(card).replace("\"net.py\"", "\"../net.py\""));
    refused("outside its folder");
  }

  @Test
  void a_level_whose_files_the_card_does_not_pin_is_refused() throws Exception {
    Path card = folder.resolve(Bundle.CARD);
    Files.writeString(
        card, Files.readString(card).replace("\"network\" : \"net\"", "\"network\" : \"other\""));
    refused("lists no file other.py");
  }

  @Test
  void lying_weights_are_refused_although_their_digest_is_right() throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve("net.safetensors"));
    pin("net.safetensors", Arrays.copyOf(bytes, bytes.length - 1));
    refused("net.safetensors is not a valid safetensors file", "holds only 15 bytes");
  }

  @Test
  void weights_and_source_must_name_the_same_tensors() throws Exception {
    assertThatThrownBy(
            () ->
                Network.of(
                    "toy",
                    NetworkSource.parse(
                        "net.py", ToyBundle.SOURCE.replace("  w : Tensor", "  v : Tensor")),
                    ToyBundle.weights(),
                    Precision.FLOAT32))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("the tensor inner.v, which the source declares, is missing");
  }

  @Test
  void a_source_that_libtorch_does_not_take_is_an_error_with_its_reason() {
    assertThatThrownBy(
            () ->
                Network.of(
                    "toy",
                    NetworkSource.parse(
                        "net.py", ToyBundle.SOURCE.replace("torch.matmul", "torch.nonsense")),
                    ToyBundle.weights(),
                    Precision.FLOAT32))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("nonsense");
  }

  @Test
  void a_source_without_a_root_or_with_an_unknown_type_is_refused() {
    assertThatThrownBy(() -> NetworkSource.parse("net.py", "class Other(Module):\n  w : Tensor\n"))
        .hasMessageContaining("net.py declares no class Network");
    assertThatThrownBy(
            () -> NetworkSource.parse("net.py", "class Network(Module):\n  w : Nothing\n"))
        .hasMessageContaining("unknown type Nothing");
  }

  private void pin(String name, byte[] bytes) throws Exception {
    Path card = folder.resolve(Bundle.CARD);
    String old = Bundle.sha256(Files.readAllBytes(folder.resolve(name)));
    Files.write(folder.resolve(name), bytes);
    Files.writeString(card, Files.readString(card).replace(old, Bundle.sha256(bytes)));
  }

  private void refused(String... reasons) {
    assertThatThrownBy(() -> Bundle.open(folder))
        .isInstanceOf(BundleException.class)
        .hasMessageContainingAll(reasons);
  }
}
