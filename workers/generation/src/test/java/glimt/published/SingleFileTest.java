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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SingleFileTest {
  private static final Path ROOT =
      Path.of(System.getProperty("glimt.golden.models", "src/test/resources/golden-models"));

  private Path folder;

  @BeforeEach
  void place(@TempDir Path given) {
    folder = given;
  }

  @Test
  void a_single_file_makes_the_recorded_pictures_of_its_folder() throws InterruptedException {
    int compared = 0;
    for (GoldenCase golden : cases()) {
      Path file = folder.resolve("%s.whatever".formatted(compared++));
      OriginalLayout.of(golden.folder()).write(file);
      same(golden, file);
    }
    assertThat(compared).isPositive();
  }

  @Test
  void a_pickled_file_makes_them_too() throws InterruptedException {
    GoldenCase golden = cases().getFirst();
    Path file = folder.resolve("model.ckpt");
    pickle(file, OriginalLayout.of(golden.folder()));
    same(golden, file);
  }

  @Test
  void its_weights_and_sources_are_those_of_the_folder() {
    int compared = 0;
    for (GoldenCase golden : cases()) {
      Path file = folder.resolve("model.safetensors");
      OriginalLayout.of(golden.folder()).write(file);
      PublishedFolder theirs = PublishedFolder.of(golden.folder(), "");
      PublishedFolder ours = SingleFile.of(file, new SingleFileOptions(golden.folder(), null, ""));
      for (String component : List.of("unet", "vae", "text_encoder", "text_encoder_2")) {
        if (theirs.has(component)) {
          compared++;
          assertThat(loaded(ours, component)).as(component).isEqualTo(loaded(theirs, component));
        }
      }
    }
    assertThat(compared).isGreaterThanOrEqualTo(3);
  }

  /** The tensors by their paths in the source, and the source. */
  private static Map<String, Object> loaded(PublishedFolder from, String component) {
    Safetensors weights = from.weights(component).map();
    String name = from.className(component);
    PublishedNetwork network =
        Architectures.of(
            name.equals("AutoencoderKL") ? name + ".decode" : name,
            from.config(component),
            weights.tensors().keySet());
    Map<String, Object> loaded = new TreeMap<>(network.weights(component, weights).tensors());
    loaded.put("source", network.source());
    return loaded;
  }

  /**
   * Not bit by bit: weights stay where they lie in the file, and how they are aligned there decides
   * in which order a processor adds.
   */
  private static void same(GoldenCase golden, Path file) throws InterruptedException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> made =
          new LatentsEndToEnd()
              .run(golden, manager, file, new SingleFileOptions(golden.folder(), null, ""));
      assertThat(made).containsKey("image");
      assertThat(EndToEnd.compared(golden, made)).isEmpty();
    }
  }

  @Test
  void what_a_file_lacks_is_told() {
    Safetensors whole = OriginalLayout.of(first().folder());

    refused(without(whole, "model\\..*"), "no Stable Diffusion in one file");
    refused(without(whole, "first_stage_model.*"), "no autoencoder");
    refused(without(whole, "cond_stage_model.*"), "not the text encoder");
    refused(whole, "give --config FOLDER"); // its widths are none of the published ones
  }

  @Test
  void tensors_of_no_use_are_told_and_unknown_ones_of_its_networks_refused() {
    GoldenCase golden = first();
    Map<String, Tensor> tensors = new TreeMap<>(OriginalLayout.of(golden.folder()).tensors());
    Path file = folder.resolve("model.safetensors");
    new Safetensors(tensors).write(file);
    SingleFileOptions options = new SingleFileOptions(golden.folder(), null, "");
    assertThat(SingleFile.of(file, options).lines())
        .anyMatch(line -> line.contains("{betas=1, model_ema=2}"));

    tensors.put("model.diffusion_model.adapter.weight", Tensor.of(new float[1], 1));
    new Safetensors(tensors).write(file);
    assertThatThrownBy(() -> SingleFile.of(file, options))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("no use for: model.diffusion_model.adapter.weight");
  }

  private void refused(Safetensors tensors, String why) {
    Path file = folder.resolve("model.safetensors");
    tensors.write(file);
    assertThatThrownBy(() -> SingleFile.of(file, SingleFileOptions.NONE))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(why);
  }

  private static Safetensors without(Safetensors all, String pattern) {
    Map<String, Tensor> tensors = new TreeMap<>(all.tensors());
    tensors.keySet().removeIf(name -> name.matches(pattern));
    return new Safetensors(tensors);
  }

  private static List<GoldenCase> cases() {
    return GoldenCase.below(ROOT).stream()
        .filter(
            golden ->
                golden
                    .facts()
                    .path("end_to_end")
                    .path("class")
                    .asText()
                    .matches("StableDiffusion(XL)?Pipeline"))
        .toList();
  }

  /** A Stable Diffusion 1. */
  private static GoldenCase first() {
    return cases().stream()
        .filter(golden -> golden.name().endsWith("sd1-pndm"))
        .findFirst()
        .orElseThrow();
  }

  /** As a trainer saves it: the weights stand beside the number of steps. */
  private static void pickle(Path file, Safetensors tensors) {
    StringBuilder state =
        new StringBuilder("}" + TorchFile.text("global_step") + TorchFile.whole(9));
    state.append('s').append(TorchFile.text("state_dict")).append('}');
    Map<String, byte[]> storages = new TreeMap<>();
    tensors
        .tensors()
        .forEach(
            (name, tensor) -> {
              int[] shape = tensor.shape().stream().mapToInt(Long::intValue).toArray();
              int[] strides = shape.clone();
              for (int i = shape.length - 1, by = 1; i >= 0; by *= shape[i--]) {
                strides[i] = by;
              }
              String type =
                  switch (tensor.dtype()) {
                    case F32 -> "FloatStorage";
                    case F16 -> "HalfStorage";
                    case BF16 -> "BFloat16Storage";
                    case I8 -> "CharStorage";
                    case I32 -> "IntStorage";
                    case I64 -> "LongStorage";
                    case U8, BOOL -> "ByteStorage";
                  };
              String key = String.valueOf(storages.size());
              byte[] bytes = new byte[tensor.bytes().remaining()];
              tensor.bytes().get(bytes);
              storages.put(key, bytes);
              state
                  .append(TorchFile.text(name))
                  .append(TorchFile.tensor(type, key, tensor.size(), 0, shape, strides))
                  .append('s');
            });
    TorchFile.zip(file, state + "s", storages);
  }
}
