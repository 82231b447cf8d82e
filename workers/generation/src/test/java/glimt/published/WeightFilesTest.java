package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Bundle;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks in files of their own, told apart by their tensors: ComfyUI's folders and others. */
class WeightFilesTest {
  private static final Path MODELS = Path.of("src/test/resources/golden-models");
  private static final Path WAN = MODELS.resolve("wan/2.1-t2v-unipc");
  private static final Path ONE = MODELS.resolve("stable-diffusion/sd1-pndm");
  private static final Path XL = MODELS.resolve("stable-diffusion-xl/base-euler");

  @TempDir Path given;
  private Path comfy;

  @BeforeEach
  void folders() {
    comfy = given.resolve("models of comfy");
  }

  private Path write(String name, Map<String, Tensor> tensors) throws IOException {
    Path file = comfy.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    new Safetensors(tensors).write(file);
    return file;
  }

  private void wan(Map<String, Tensor> text) throws IOException {
    write("diffusion_models/a.safetensors", OriginalWanLayout.transformer(WAN).tensors());
    write("vae/b.safetensors", OriginalWanLayout.autoencoder(WAN).tensors());
    write("text_encoders/c.safetensors", text);
  }

  @Test
  void wan_in_comfyui_s_folders_makes_the_recorded_clip() throws Exception {
    wan(OriginalWanLayout.weights(WAN, "text_encoder"));
    same(WAN);
  }

  @Test
  void wan_by_its_authors_names_makes_it_too_from_shards_and_beginnings() throws Exception {
    Map<String, Tensor> transformer = new TreeMap<>();
    OriginalWanLayout.transformer(WAN)
        .tensors()
        .forEach((name, tensor) -> transformer.put("model.diffusion_model." + name, tensor));
    Map<String, Tensor> second = new TreeMap<>(transformer);
    second.keySet().removeIf(name -> !name.contains("blocks.1."));
    transformer.keySet().removeAll(second.keySet());
    write("m-1-of-2.safetensors", transformer);
    write("m-2-of-2.safetensors", second);
    StringBuilder index = new StringBuilder("{\"weight_map\": {");
    transformer
        .keySet()
        .forEach(name -> index.append("\"%s\": \"m-1-of-2.safetensors\",".formatted(name)));
    second
        .keySet()
        .forEach(name -> index.append("\"%s\": \"m-2-of-2.safetensors\",".formatted(name)));
    index.setCharAt(index.length() - 1, '}');
    Files.writeString(comfy.resolve("m.safetensors.index.json"), index + "}");
    write("vae.safetensors", OriginalWanLayout.autoencoder(WAN).tensors());
    write("umt5.safetensors", OriginalWanLayout.text(WAN).tensors());
    same(WAN);
  }

  @Test
  void stable_diffusion_in_files_of_its_networks_makes_the_recorded_pictures() throws Exception {
    for (Path published : List.of(ONE, XL)) {
      comfy = given.resolve(published.getFileName().toString());
      Map<String, Map<String, Tensor>> files = new TreeMap<>();
      OriginalLayout.of(published)
          .tensors()
          .forEach(
              (name, tensor) -> {
                if (name.matches("(model\\.diff|first_stage|cond).*")) {
                  String file =
                      name.replaceFirst("^(conditioner\\.embedders\\.\\d|\\w+)\\..*", "$1");
                  String bare =
                      name.replaceFirst(
                          "^(first_stage_model|cond_stage_model\\.\\w+|conditioner\\.embedders\\.\\d\\.\\w+)\\.",
                          "");
                  files.computeIfAbsent(file, _ -> new TreeMap<>()).put(bare, tensor);
                }
              });
      for (Map.Entry<String, Map<String, Tensor>> file : files.entrySet()) {
        write("checkpoint/" + file.getKey() + ".safetensors", file.getValue());
      }
      same(published);
    }
  }

  /** With XL's second text encoder as transformers names it, as it is often shared. */
  @Test
  void a_clip_of_either_naming_is_taken() throws IOException {
    Map<String, Tensor> unet = new TreeMap<>(OriginalLayout.of(XL).tensors());
    Map<String, Tensor> vae = new TreeMap<>(unet);
    unet.keySet().removeIf(name -> !name.startsWith("model.diffusion_model."));
    vae.keySet().removeIf(name -> !name.startsWith("first_stage_model."));
    write("unet.safetensors", unet);
    write("vae.safetensors", vae);
    write("clip_g.safetensors", OriginalWanLayout.weights(XL, "text_encoder_2"));
    write("clip_l.safetensors", OriginalWanLayout.weights(XL, "text_encoder"));
    PublishedFolder from = folder(new SingleFileOptions(XL, null, ""));
    for (String component : List.of("text_encoder", "text_encoder_2")) {
      Map<String, Tensor> theirs =
          new TreeMap<>(PublishedWeights.in(XL.resolve(component), "").map().tensors());
      theirs.keySet().removeIf(name -> name.endsWith("position_ids"));
      assertThat(from.weights(component).map().tensors()).isEqualTo(theirs);
    }
  }

  @Test
  void configurations_follow_from_the_tensors() throws IOException {
    JsonNode vae = GoldenCase.json(WAN.resolve("vae/config.json"));
    JsonNode text = GoldenCase.json(WAN.resolve("text_encoder/config.json"));
    wan(OriginalWanLayout.text(WAN).tensors());
    Path transformer = comfy.resolve("diffusion_models/a.safetensors");
    assertThatThrownBy(() -> folder(SingleFileOptions.NONE))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(transformer.toString())
        .hasMessageContaining("48, no multiple of 128")
        .hasMessageContaining("give --config FOLDER");

    // Of Wan 2.1's 1.3B, as far as sizes are read.
    Map<String, Tensor> published = new TreeMap<>();
    published.put("patch_embedding.weight", OriginalLayout.shaped(1536, 16, 1, 2, 2));
    published.put("head.head.weight", OriginalLayout.shaped(64, 1));
    published.put("text_embedding.0.weight", OriginalLayout.shaped(1, 4096));
    published.put("time_embedding.0.weight", OriginalLayout.shaped(1, 256));
    for (int i = 0; i < 30; i++) {
      published.put("blocks.%s.ffn.0.weight".formatted(i), OriginalLayout.shaped(8960, 1));
      published.put("blocks.%s.self_attn.q.weight".formatted(i), OriginalLayout.shaped(1, 1));
      published.put("blocks.%s.norm3.weight".formatted(i), OriginalLayout.shaped(1));
    }
    write("diffusion_models/a.safetensors", published);
    PublishedFolder from = folder(SingleFileOptions.NONE);
    assertThat(from.className()).isEqualTo("WanPipeline");
    PublishedConfig read = from.config("transformer");
    assertThat(read.integer("num_attention_heads")).isEqualTo(12);
    assertThat(read.integer("attention_head_dim")).isEqualTo(128);
    assertThat(read.integer("num_layers")).isEqualTo(30);
    assertThat(read.integer("ffn_dim")).isEqualTo(8960);
    assertThat(read.integer("text_dim")).isEqualTo(4096);
    assertThat(read.integer("freq_dim")).isEqualTo(256);
    assertThat(read.integer("in_channels")).isEqualTo(16);
    assertThat(read.integer("out_channels")).isEqualTo(16);
    assertThat(read.integers("patch_size", List.of())).containsExactly(1, 2, 2);
    assertThat(read.flag("cross_attn_norm", false)).isTrue();
    for (String key :
        List.of("base_dim", "z_dim", "num_res_blocks", "dim_mult", "temperal_downsample")) {
      assertThat(from.config("vae").value(key)).as(key).hasToString(vae.get(key).toString());
    }
    for (String key :
        List.of("num_layers", "num_heads", "d_kv", "d_model", "d_ff", "feed_forward_proj")) {
      assertThat(from.config("text_encoder").value(key))
          .as(key)
          .hasToString(text.get(key).toString());
    }
    assertThat(from.scheduler("scheduler"))
        .containsEntry("_class_name", "UniPCMultistepScheduler")
        .containsEntry("flow_shift", 3.0);
  }

  @Test
  void a_vocabulary_is_found_in_the_folder_or_asked_for() throws IOException {
    Map<String, Tensor> text = OriginalWanLayout.text(WAN).tensors();
    wan(text);
    SingleFileOptions none = new SingleFileOptions(WAN, given.resolve("nothing"), "");
    assertThatThrownBy(() -> BundleImport.of(comfy, given.resolve("home"), options(none)).close())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("has no vocabulary: neither spiece.model nor tokenizer.json");
    Path beside = Files.createDirectories(comfy.resolve("google/umt5-xxl"));
    Files.copy(WAN.resolve("tokenizer/spiece.model"), beside.resolve("spiece.model"));
    SingleFileOptions found = new SingleFileOptions(WAN, beside, "");
    try (BundleImport bundle = BundleImport.of(comfy, given.resolve("home"), options(found))) {
      Path place = bundle.install();
      assertThat(place.getFileName()).hasToString("models of comfy");
      // Each file is linked to as it is.
      assertThat(
              Files.isSameFile(
                  place.resolve("weights-1.safetensors"),
                  comfy.resolve("diffusion_models/a.safetensors")))
          .isTrue();
      assertThat(Bundle.open(place).card().files()).containsKey("transformer.names.json");
    }
  }

  @Test
  void what_is_not_one_pipeline_is_told() throws IOException {
    wan(OriginalWanLayout.text(WAN).tensors());
    Path lora =
        write("loras/style.safetensors", Map.of("a.lora_A.weight", OriginalLayout.shaped(1, 2)));
    assertThat(folder(new SingleFileOptions(WAN, null, "")).lines())
        .contains(lora + " is a LoRA, which --lora merges");

    Path other =
        write("other/what.safetensors", Map.of("layers.0.weight", OriginalLayout.shaped(1)));
    refused(other + " is none of the networks known", "its tensors begin with [layers]");
    Files.delete(other);
    Path twice = write("vae/d.safetensors", OriginalWanLayout.autoencoder(WAN).tensors());
    refused("several files are the autoencoder of Wan", twice.toString());
    Files.delete(twice);
    Files.delete(comfy.resolve("vae/b.safetensors"));
    refused("there is no autoencoder of Wan; there is", "transformer of Wan");
    Files.delete(comfy.resolve("diffusion_models/a.safetensors"));
    refused("there is no network here that denoises", "");
    write(
        "scaled.safetensors",
        Map.of("blocks.0.self_attn.q.scale_weight", OriginalLayout.shaped(1)));
    refused("weights of 8 bits, which are not read", "scale_weight");
  }

  @Test
  void a_transformer_of_another_codec_or_a_first_picture_is_refused() throws IOException {
    Map<String, Tensor> transformer = new TreeMap<>(OriginalWanLayout.transformer(WAN).tensors());
    wan(OriginalWanLayout.text(WAN).tensors());
    transformer.put("patch_embedding.weight", OriginalLayout.shaped(48, 36, 1, 2, 2));
    write("diffusion_models/a.safetensors", transformer);
    refused("it takes 36 channels, and", "it needs a first picture, or another codec");
  }

  private void refused(String why, String also) {
    assertThatThrownBy(() -> folder(new SingleFileOptions(WAN, null, "")))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(why)
        .hasMessageContaining(also);
  }

  private PublishedFolder folder(SingleFileOptions options) {
    return WeightFiles.of(List.of(comfy), options);
  }

  private static ImportOptions options(SingleFileOptions files) {
    return new ImportOptions("", "", 0, 0, List.of(), files);
  }

  private void same(Path published) throws InterruptedException {
    GoldenCase golden = GoldenCase.below(published).getFirst();
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> made =
          new LatentsEndToEnd()
              .run(golden, manager, comfy, new SingleFileOptions(published, null, ""));
      assertThat(made.keySet()).containsAnyOf("image", "video");
      assertThat(EndToEnd.compared(golden, made)).isEmpty();
    }
  }
}
