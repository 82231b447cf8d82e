package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import glimt.model.NumberFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --dtype} means: how weights are kept, and in what networks compute. */
class ImportedFormatsTest {
  private static final Path MODELS = Path.of("src/test/resources/golden-models");
  private static final Path XL = MODELS.resolve("stable-diffusion-xl/base-euler");
  private static final Path WAN = MODELS.resolve("wan/2.1-t2v-unipc");

  @TempDir Path folder;

  @Test
  void weights_stay_as_they_are_unless_a_format_is_asked_for() throws Exception {
    Path plain = imported(XL, null);
    assertThat(Bundle.card(plain).formats()).isNull();
    assertThat(Files.isSameFile(plain.resolve("unet.safetensors"), weights("unet"))).isTrue();

    Path half = imported(XL, NumberFormat.FLOAT16);
    assertThat(formats(half, "unet")).containsOnly(Dtype.F16);
    assertThat(Files.isSameFile(half.resolve("unet.safetensors"), weights("unet"))).isTrue();

    Path brain = imported(XL, NumberFormat.BFLOAT16);
    assertThat(formats(brain, "unet")).containsOnly(Dtype.BF16);
    assertThat(Bundle.card(brain).format("unet")).isEqualTo(NumberFormat.BFLOAT16);
    assertThat(Bundle.open(brain).bytes("unet", Precision.FLOAT32))
        .isEqualTo(Bundle.open(plain).bytes("unet", Precision.FLOAT32) / 2)
        .isEqualTo(Bundle.card(brain).weights().get("unet"));
  }

  @Test
  void a_network_computes_in_the_format_of_the_card_whatever_the_worker_does() throws Exception {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray exact = states(manager, imported(XL, null));
      double size = exact.abs().max().getFloat();
      for (NumberFormat format : NumberFormat.values()) {
        NDArray made = states(manager, imported(XL, format));
        double apart = TinyNetwork.apart(exact, made) / size;
        switch (format) {
          case FLOAT32 -> assertThat(apart).isZero();
          case FLOAT16 -> assertThat(apart).isBetween(1e-6, 1e-2);
          case BFLOAT16 -> assertThat(apart).isBetween(1e-3, 1e-1);
        }
      }
    }
  }

  @Test
  void what_overflows_in_float16_takes_another_format() throws Exception {
    Path xl = imported(XL, NumberFormat.FLOAT16);
    assertThat(Bundle.card(xl).format("vae")).isEqualTo(NumberFormat.FLOAT32); // its config says so
    assertThat(formats(xl, "vae")).containsOnly(Dtype.F32);
    Path wan = imported(WAN, NumberFormat.FLOAT16);
    assertThat(Bundle.card(wan).format("text_encoder")).isEqualTo(NumberFormat.BFLOAT16);
    assertThat(Bundle.card(wan).format("transformer")).isEqualTo(NumberFormat.FLOAT16);
    Path brain = imported(WAN, NumberFormat.BFLOAT16);
    assertThat(Objects.requireNonNull(Bundle.card(brain).formats()).values())
        .containsOnly(NumberFormat.BFLOAT16);
  }

  @Test
  void other_words_are_refused() {
    assertThat(ImportOptions.dtype("")).isNull();
    assertThat(ImportOptions.dtype("bfloat16")).isEqualTo(NumberFormat.BFLOAT16);
    assertThatThrownBy(() -> ImportOptions.dtype("fp8"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("dtype must be float32, bfloat16 or float16, not fp8");
  }

  private static Path weights(String component) throws Exception {
    try (var files = Files.list(XL.resolve(component))) {
      return files
          .filter(file -> file.toString().endsWith(".safetensors"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static List<Dtype> formats(Path bundle, String network) {
    return Safetensors.map(bundle.resolve(network + ".safetensors")).tensors().values().stream()
        .map(Safetensors.Tensor::dtype)
        .distinct()
        .toList();
  }

  /** What a text encoder makes of some tokens on a worker that computes in float32. */
  private static NDArray states(NDManager manager, Path bundle) {
    try (NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, 1L << 30)) {
      Network network = networks.network(Bundle.open(bundle), "text_encoder");
      NDArray tokens = manager.create(new long[] {3, 1, 4, 1, 5, 9, 2, 6}).reshape(1, 8);
      for (NDArray output : network.call(Map.of("tokens", tokens))) {
        if (output.getName().equals("hidden_states_minus_2")) {
          return output;
        }
      }
      throw new IllegalStateException("no states");
    }
  }

  private Path imported(Path published, @org.jspecify.annotations.Nullable NumberFormat dtype) {
    ImportOptions options =
        new ImportOptions("of " + dtype, "", 0, 0, List.of(), SingleFileOptions.NONE, dtype);
    Path models = folder.resolve(published.getFileName());
    Path place = models.resolve("of " + dtype);
    if (Files.exists(place)) {
      return place;
    }
    try (BundleImport bundle = BundleImport.of(published, models, options)) {
      return bundle.install();
    }
  }
}
