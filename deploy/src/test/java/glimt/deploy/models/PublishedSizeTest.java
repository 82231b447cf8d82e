package glimt.deploy.models;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Safetensors;
import glimt.deploy.models.RandomWeights.StoredFormat;
import glimt.published.BundleImport;
import glimt.published.ImportOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PublishedSizeTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "SD, unet/diffusion_pytorch_model, 859520964",
    "SD, vae/diffusion_pytorch_model, 83653863",
    "SD, text_encoder/model, 123060480",
    "T2V, unet/diffusion_pytorch_model, 1411233860",
    "T2V, text_encoder/model, 340387840",
    "WAN, text_encoder/model, 5680910336",
    "WAN, transformer/diffusion_pytorch_model, 1418996800",
    "WAN, vae/diffusion_pytorch_model, 126892531"
  })
  void a_network_has_as_many_parameters_as_the_published_one(
      PublishedSize size, String file, long parameters) {
    TensorShapes shapes =
        Objects.requireNonNull(size.folder(false).networks().get(file + ".safetensors"));

    assertThat(shapes.parameters()).isEqualTo(parameters);
  }

  @ParameterizedTest
  @EnumSource
  void a_tiny_one_is_imported(PublishedSize size) throws IOException {
    size.folder(true).write(folder.resolve("tiny"), new RandomWeights(StoredFormat.F16));

    try (BundleImport bundle =
        BundleImport.of(
            folder.resolve("tiny"), folder.resolve("models"), ImportOptions.asPublished())) {
      // The autoencoder is two networks.
      assertThat(bundle.bundle().networks()).hasSize(1 + size.folder(true).networks().size());
    }
  }

  @ParameterizedTest
  @EnumSource
  void weights_are_normal_with_the_variance_of_their_layer(StoredFormat format) throws IOException {
    Path file = folder.resolve("net/weights.safetensors");
    new RandomWeights(format)
        .write(
            file,
            Map.of(
                "a.weight", List.of(300L, 400L), "a.bias", List.of(5L), "n.weight", List.of(3L)));

    Safetensors weights = Safetensors.map(file);
    float[] values = weights.get("a.weight").floats();
    double square = 0;
    for (float value : values) {
      square += (double) value * value / values.length;
    }
    assertThat(square).isBetween(0.98 / 400, 1.02 / 400);
    assertThat(weights.get("a.bias").floats()).containsOnly(0);
    assertThat(weights.get("n.weight").floats()).containsOnly(1);
    assertThat(Files.size(file)).isGreaterThan(2 * (300 * 400 + 8));
  }

  @Test
  void this_process_holds_memory() {
    ProcessMemory memory = ProcessMemory.of(ProcessHandle.current().pid());

    assertThat(memory.anonymous()).isPositive();
    assertThat(memory.mapped()).isPositive();
    assertThat(memory.peak()).isGreaterThanOrEqualTo(memory.anonymous());
    assertThat(ProcessMemory.available()).isBetween(1L, 1L << 50);
  }
}
