package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishedWeightsTest {
  private Path folder;

  @BeforeEach
  void place(@TempDir Path given) {
    folder = given;
  }

  @Test
  void safetensors_come_before_pickles() {
    pickle("diffusion_pytorch_model.bin", "a", 1);
    pickle("pytorch_model.fp16.bin", "a", 2);
    assertThat(value("")).isEqualTo(1);
    new Safetensors(Map.of("a", Tensor.of(new float[] {3}, 1)))
        .write(folder.resolve("model.fp16.safetensors"));
    assertThat(value("")).isEqualTo(3);
  }

  @Test
  void a_variant_comes_first_where_it_is_asked_for() {
    pickle("pytorch_model.bin", "a", 1);
    pickle("pytorch_model.fp16.bin", "a", 2);
    assertThat(value("")).isEqualTo(1);
    assertThat(value("fp16")).isEqualTo(2);
    assertThat(value("ema")).isEqualTo(1);
  }

  @Test
  void pickles_may_be_sharded() throws IOException {
    pickle("pytorch_model-00001-of-00002.bin", "a", 1);
    pickle("pytorch_model-00002-of-00002.bin", "b", 2);
    index("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin");
    PublishedWeights.in(folder, "").write(folder.resolve("model.safetensors"));

    Safetensors written = Safetensors.map(folder.resolve("model.safetensors"));
    assertThat(written.get("a").floats()).containsExactly(1);
    assertThat(written.get("b").floats()).containsExactly(2);
  }

  @Test
  void shards_are_beside_their_index() throws IOException {
    index("../a.bin", "../a.bin");
    assertThatThrownBy(() -> PublishedWeights.in(folder, "").map())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("../a.bin, which is not beside it");
  }

  @Test
  void a_folder_without_weights_is_told_with_what_it_holds() throws IOException {
    Files.writeString(folder.resolve("flax_model.msgpack"), "");
    assertThatThrownBy(() -> PublishedWeights.in(folder, ""))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("pytorch_model.bin")
        .hasMessageContaining("flax_model.msgpack");
  }

  private float value(String variant) {
    return PublishedWeights.in(folder, variant).map().get("a").floats()[0];
  }

  private void pickle(String name, String tensor, float value) {
    TorchFile.zip(
        folder.resolve(name),
        TorchFile.state(
            tensor, TorchFile.tensor("FloatStorage", "0", 1, 0, new int[] {1}, new int[] {1})),
        Map.of("0", TorchFile.floats(value)));
  }

  private void index(String a, String b) throws IOException {
    Files.writeString(
        folder.resolve("pytorch_model.bin.index.json"),
        "{\"weight_map\": {\"a\": \"%s\", \"b\": \"%s\"}}".formatted(a, b));
  }
}
