package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LTX-Video in its authors' file, with T5 in another. */
class LtxFilesTest {
  private static final Path ROOT =
      Path.of(System.getProperty("glimt.golden.models", "src/test/resources/golden-models"));

  @TempDir Path folder;

  private static List<GoldenCase> cases() {
    return GoldenCase.below(ROOT).stream()
        .filter(
            golden -> golden.facts().path("end_to_end").path("class").asText().startsWith("LTX"))
        .toList();
  }

  private List<Path> files(GoldenCase golden) {
    Path one = folder.resolve("ltx.safetensors");
    Path two = folder.resolve("t5.safetensors");
    new Safetensors(OriginalLtxLayout.of(golden.folder())).write(one);
    new Safetensors(OriginalWanLayout.weights(golden.folder(), "text_encoder")).write(two);
    return List.of(one, two);
  }

  @Test
  void the_tensors_are_those_of_the_folder() {
    int compared = 0;
    for (GoldenCase golden : cases()) {
      PublishedFolder ours =
          WeightFiles.of(files(golden), new SingleFileOptions(golden.folder(), null, ""));
      for (String component : List.of("transformer", "vae", "text_encoder")) {
        Map<String, Tensor> theirs =
            new TreeMap<>(OriginalWanLayout.weights(golden.folder(), component));
        assertThat(new TreeMap<>(ours.weights(component).map().tensors()))
            .as("%s of %s", component, golden.name())
            .isEqualTo(theirs);
        compared++;
      }
      assertThat(ours.name()).isEqualTo("ltx");
    }
    assertThat(compared).isGreaterThanOrEqualTo(3);
  }

  @Test
  void the_file_makes_the_recorded_clip() throws InterruptedException {
    GoldenCase golden =
        cases().stream().filter(one -> one.name().contains("one-stage")).findFirst().orElseThrow();
    files(golden);
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> made =
          new LatentsEndToEnd()
              .run(golden, manager, folder, new SingleFileOptions(golden.folder(), null, ""));
      assertThat(made).containsKey("video");
      assertThat(EndToEnd.compared(golden, made)).isEmpty();
    }
  }

  @Test
  void the_codec_of_0_9_0_follows_from_its_tensors_and_later_ones_do_not() {
    for (GoldenCase golden : cases()) {
      WeightFiles.of(files(golden), new SingleFileOptions(golden.folder(), null, ""));
      OriginalTensors codec =
          FilePart.of(PublishedWeights.file(folder.resolve("ltx.safetensors"))).stream()
              .filter(part -> part.kind() == FilePart.PartKind.LTX_AUTOENCODER)
              .findFirst()
              .orElseThrow()
              .tensors();
      OriginalLtxAutoencoder original = new OriginalLtxAutoencoder(codec);
      if (golden.name().contains("0.9.0")) {
        var theirs = GoldenCase.json(golden.folder().resolve("vae/config.json"));
        original
            .config()
            .properties()
            .forEach(
                said ->
                    assertThat(said.getValue().toString())
                        .as(said.getKey())
                        .isEqualTo(theirs.get(said.getKey()).toString()));
      } else {
        assertThatThrownBy(original::config)
            .isInstanceOf(BundleException.class)
            .hasMessageContaining("0.9.1 or later")
            .hasMessageContaining("give --config FOLDER");
      }
    }
  }
}
