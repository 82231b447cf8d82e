package glimt.published;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.BundleException;
import glimt.model.BundleCard;
import glimt.model.BytePair;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.NetworkAnswer;
import glimt.model.Sampling;
import glimt.pipeline.LevelWalk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A published folder becomes a bundle, or a line that says why not. */
class BundleImportTest {
  private static final Path PUBLISHED =
      Path.of("src/test/resources/golden-models/stable-diffusion/sd1-pndm");

  @TempDir Path folder;
  private Path published;
  private Path models;

  @BeforeEach
  void copy() throws IOException {
    published = folder.resolve("sd one");
    models = folder.resolve("models");
    try (Stream<Path> files = Files.walk(PUBLISHED)) {
      for (Path file : files.toList()) {
        Files.copy(file, published.resolve(PUBLISHED.relativize(file).toString()));
      }
    }
  }

  @Test
  void a_bundle_says_what_the_pipeline_does_and_links_to_its_weights() throws IOException {
    Path place;
    try (BundleImport bundle = BundleImport.of(published, models, ImportOptions.asPublished())) {
      assertThat(models).isDirectoryNotContaining(path -> path.endsWith("sd one"));
      place = bundle.install();
    }
    assertThat(place).isEqualTo(models.resolve("sd one"));
    assertThat(inFolder(models)).containsExactly("sd one");
    assertThat(
            Files.isSameFile(
                place.resolve("unet.safetensors"),
                published.resolve("unet/diffusion_pytorch_model.safetensors")))
        .isTrue();
    Bundle bundle = BundleCheck.open(place, LevelWalk.samplers());
    BundleCard card = bundle.card();
    Level level = card.levels().getFirst();
    assertThat(card.readsPrompt()).isTrue();
    assertThat(level.seen()).containsExactly(64, 64);
    assertThat(level.parametrisation().answer()).isEqualTo(NetworkAnswer.EPSILON);
    assertThat(level.sampling().sampler()).isEqualTo(Sampling.PUBLISHED);
    assertThat(level.sampling().steps()).isEqualTo(50);
    assertThat(level.sampling().guidance().weight()).isEqualTo(7.5);
    assertThat(card.reader())
        .isEqualTo(
            new BytePair(
                List.of("tokenizer/vocab.json", "tokenizer/merges.txt"), 77, 813, true, true));
  }

  @Test
  void latents_are_only_scaled_where_the_published_loop_only_scales_them() throws IOException {
    edit(
        "vae/config.json",
        text ->
            text.replaceFirst(
                "\\{",
                "{\"shift_factor\": 0.1, \"latents_mean\": [1, 1, 1, 1],"
                    + " \"latents_std\": [2, 2, 2, 2],"));
    try (BundleImport bundle = BundleImport.of(published, models, ImportOptions.asPublished())) {
      Codec codec = requireNonNull(Bundle.card(bundle.folder()).levels().getFirst().codec());
      assertThat(codec.scale()).containsExactly(0.18215);
      assertThat(codec.shift()).containsExactly(0.0);
    }
  }

  @Test
  void what_is_not_installed_leaves_nothing() throws IOException {
    try (BundleImport bundle = BundleImport.of(published, models, ImportOptions.asPublished())) {
      assertThat(bundle.folder().getFileName().toString()).startsWith(".");
      assertThat(inFolder(models)).hasSize(1);
    }
    assertThat(inFolder(models)).isEmpty();
    Files.createDirectories(models.resolve(".import-999999999999-killed"));
    BundleImport.of(published, models, ImportOptions.asPublished()).close();
    assertThat(inFolder(models)).isEmpty();
    refused(
        "is no pipeline of diffusers", () -> Files.delete(published.resolve("model_index.json")));
  }

  @Test
  void a_bundle_is_not_replaced() throws IOException {
    Files.createDirectories(models.resolve("sd one"));
    refused("is there already; give another --name", () -> {});
  }

  @Test
  void a_pipeline_that_is_not_known_is_named_with_those_that_are() throws IOException {
    refused(
        "the pipeline MagicPipeline is not known; known are [",
        () ->
            edit(
                "model_index.json",
                text -> text.replace("StableDiffusionPipeline", "MagicPipeline")));
  }

  @Test
  void a_network_class_that_is_not_known_is_named_with_those_that_are() throws IOException {
    refused(
        "the network class MagicTextModel is not known; known are",
        () -> edit("model_index.json", text -> text.replace("CLIPTextModel", "MagicTextModel")));
  }

  @Test
  void a_setting_of_a_network_that_is_not_known_is_named() throws IOException {
    refused(
        "wonder = 3",
        () -> edit("unet/config.json", text -> text.replaceFirst("\\{", "{\"wonder\": 3,")));
  }

  @Test
  void a_scheduler_that_is_not_known_is_named_with_those_that_are() throws IOException {
    refused(
        "class MagicScheduler is not supported; the supported classes are"
            + " CMStochasticIterativeScheduler,",
        () ->
            edit(
                "scheduler/scheduler_config.json",
                text -> text.replace("PNDMScheduler", "MagicScheduler")));
  }

  @Test
  void a_component_that_nothing_uses_is_named() throws IOException {
    refused(
        "has no use for: [prior]",
        () ->
            edit(
                "model_index.json",
                text -> text.replaceFirst("\\{", "{\"prior\": [\"diffusers\", \"Prior\"],")));
  }

  @Test
  void a_tensor_that_is_missing_is_named() throws IOException {
    refused(
        "lacks tensors of its configuration: down_blocks.0.",
        () ->
            edit(
                "unet/config.json",
                text -> text.replace("\"layers_per_block\": 2", "\"layers_per_block\": 3")));
  }

  @Test
  void a_header_that_is_cut_short_is_told() throws IOException {
    refused(
        "diffusion_pytorch_model.safetensors",
        () -> {
          Path file = published.resolve("vae/diffusion_pytorch_model.safetensors");
          byte[] bytes = Files.readAllBytes(file);
          Files.write(file, Arrays.copyOf(bytes, 1000));
        });
  }

  @Test
  void a_prompt_reader_without_a_vocabulary_is_told() throws IOException {
    refused(
        "has no vocabulary: neither vocab.json and merges.txt nor tokenizer.json",
        () -> Files.delete(published.resolve("tokenizer/vocab.json")));
  }

  @Test
  void weights_that_are_not_there_are_told_with_what_is() throws IOException {
    refused(
        "holds no weights that can be read",
        () -> Files.delete(published.resolve("unet/diffusion_pytorch_model.safetensors")));
  }

  private interface Damage {
    void done() throws IOException;
  }

  private void refused(String line, Damage damage) throws IOException {
    damage.done();
    assertThatThrownBy(
            () -> BundleImport.of(published, models, ImportOptions.asPublished()).close())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(line);
    if (Files.exists(models)) {
      assertThat(inFolder(models)).allMatch(name -> name.equals("sd one"));
    }
  }

  private void edit(String name, UnaryOperator<String> change) throws IOException {
    Path file = published.resolve(name);
    String text = Files.readString(file);
    String changed = change.apply(text);
    assertThat(changed).isNotEqualTo(text);
    Files.writeString(file, changed);
  }

  private static List<String> inFolder(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
