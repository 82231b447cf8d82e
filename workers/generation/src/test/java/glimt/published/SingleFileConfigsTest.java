package glimt.published;

import static glimt.published.OriginalLayout.clip;
import static glimt.published.OriginalLayout.open;
import static glimt.published.OriginalLayout.shaped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.BundleException;
import glimt.bundle.NetworkSource;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.json.Json;
import glimt.model.BytePair;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Configurations are read from names and shapes. Here the names of the published models' tensors
 * are made from their published configurations, and of the shapes as much as tells something.
 */
class SingleFileConfigsTest {
  private static final String UNET_1 =
      """
      {"in_channels": 4, "out_channels": 4, "block_out_channels": [320, 640, 1280, 1280],
       "layers_per_block": [2, 2, 2, 2], "transformer_layers_per_block": [1, 1, 1, 1],
       "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
       "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
       "attention_head_dim": [8, 8, 8, 8], "cross_attention_dim": 768, "use_linear_projection": false,
       "norm_num_groups": 32, "sample_size": 64}
      """;

  private static final String UNET_2 =
      UNET_1
          .replace("[8, 8, 8, 8]", "[5, 10, 20, 20]")
          .replace("768", "1024")
          .replace("\"sample_size\": 64", "\"sample_size\": 96")
          .replace("false", "true");

  private static final String UNET_XL =
      """
      {"in_channels": 4, "out_channels": 4, "block_out_channels": [320, 640, 1280],
       "layers_per_block": [2, 2, 2], "transformer_layers_per_block": [1, 2, 10],
       "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
       "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
       "attention_head_dim": [5, 10, 20], "cross_attention_dim": 2048, "use_linear_projection": true,
       "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
       "projection_class_embeddings_input_dim": 2816, "norm_num_groups": 32, "sample_size": 128}
      """;

  private static final String VAE =
      """
      {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 2,
       "block_out_channels": [128, 256, 512, 512], "norm_num_groups": 32,
       "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
       "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}
      """;

  @Test
  void stable_diffusion_1() {
    Map<String, Tensor> file = networks(UNET_1);
    file.putAll(clip("cond_stage_model.transformer.", 768, 12, 3072));
    Derived derived = new Derived(SingleFileKind.ONE, file, "");

    derived.agrees("unet/config.json", UNET_1);
    derived.agrees("vae/config.json", VAE);
    derived.agrees("vae/config.json", "{\"scaling_factor\": 0.18215}");
    derived.agrees(
        "text_encoder/config.json",
        """
        {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "vocab_size": 49408,
         "intermediate_size": 3072, "hidden_act": "quick_gelu", "max_position_embeddings": 77}
        """);
    derived.agrees(
        "scheduler/scheduler_config.json",
        """
        {"_class_name": "PNDMScheduler", "prediction_type": "epsilon", "skip_prk_steps": true,
         "steps_offset": 1, "set_alpha_to_one": false, "beta_schedule": "scaled_linear"}
        """);
    derived.agrees("tokenizer/tokenizer_config.json", "{\"pad_token\": \"<|endoftext|>\"}");
  }

  @Test
  void stable_diffusion_2_and_what_it_answers() {
    Map<String, Tensor> file = networks(UNET_2);
    file.putAll(open("cond_stage_model.model.", 1024, 24, 4096));
    Derived derived = new Derived(SingleFileKind.TWO, file, "");

    derived.agrees("unet/config.json", UNET_2);
    derived.agrees(
        "text_encoder/config.json",
        """
        {"hidden_size": 1024, "num_hidden_layers": 23, "num_attention_heads": 16,
         "intermediate_size": 4096, "hidden_act": "gelu"}
        """);
    derived.agrees(
        "scheduler/scheduler_config.json",
        "{\"_class_name\": \"DDIMScheduler\", \"prediction_type\": \"v_prediction\"}");
    derived.agrees("tokenizer/tokenizer_config.json", "{\"pad_token\": \"!\"}");
    assertThat(derived.lines).anyMatch(line -> line.contains("--prediction epsilon is for"));

    Derived base = new Derived(SingleFileKind.TWO, file, "epsilon");
    base.agrees("unet/config.json", "{\"sample_size\": 64}");
    base.agrees(
        "scheduler/scheduler_config.json",
        "{\"_class_name\": \"PNDMScheduler\", \"prediction_type\": \"epsilon\"}");
  }

  @Test
  void stable_diffusion_xl() {
    Map<String, Tensor> file = networks(UNET_XL);
    file.putAll(clip("conditioner.embedders.0.transformer.", 768, 12, 3072));
    file.putAll(open("conditioner.embedders.1.model.", 1280, 32, 5120));
    Derived derived = new Derived(SingleFileKind.XL, file, "");

    derived.agrees("unet/config.json", UNET_XL);
    derived.agrees("vae/config.json", "{\"scaling_factor\": 0.13025}");
    derived.agrees(
        "text_encoder_2/config.json",
        """
        {"architectures": ["CLIPTextModelWithProjection"], "hidden_size": 1280,
         "num_hidden_layers": 32, "num_attention_heads": 20, "projection_dim": 1280}
        """);
    derived.agrees(
        "scheduler/scheduler_config.json",
        "{\"_class_name\": \"EulerDiscreteScheduler\", \"timestep_spacing\": \"leading\"}");
    derived.agrees("tokenizer_2/tokenizer_config.json", "{\"pad_token\": \"!\"}");
  }

  @Test
  void marks_of_trainers_are_heeded() {
    Map<String, Tensor> file = networks(UNET_XL);
    file.putAll(clip("conditioner.embedders.0.transformer.", 768, 12, 3072));
    file.putAll(open("conditioner.embedders.1.model.", 1280, 32, 5120));
    file.put("v_pred", shaped(0));
    file.put("ztsnr", shaped(0));
    new Derived(SingleFileKind.XL, file, "")
        .agrees(
            "scheduler/scheduler_config.json",
            """
            {"prediction_type": "v_prediction", "rescale_betas_zero_snr": true,
             "timestep_spacing": "trailing"}
            """);
  }

  @Test
  void to_the_pipelines_a_file_is_a_folder(@TempDir Path folder) {
    Map<String, Tensor> tensors = networks(UNET_1);
    tensors.putAll(clip("cond_stage_model.transformer.", 768, 12, 3072));
    Path file = folder.resolve("some.model.bin");
    new Safetensors(tensors).write(file);
    Path vocabulary =
        Path.of("src/test/resources/golden-models/stable-diffusion/sd1-pndm/tokenizer");

    PublishedFolder from = SingleFile.of(file, new SingleFileOptions(null, vocabulary, ""));
    assertThat(from.className()).isEqualTo("StableDiffusionPipeline");
    assertThat(from.name()).isEqualTo("some.model");
    assertThat(PipelineParts.sampling(from, 50, 7.5).steps()).isEqualTo(50);
    BytePair reader =
        (BytePair)
            PublishedTokenizer.clip(
                from, "tokenizer", new BundleDraft(folder, new Loras(List.of())), 77);
    assertThat(reader.padding()).isEqualTo(813);
    assertThat(reader.files()).allSatisfy(name -> assertThat(folder.resolve(name)).exists());

    PublishedFolder without = SingleFile.of(file, SingleFileOptions.NONE);
    assertThatThrownBy(
            () ->
                PublishedTokenizer.clip(
                    without, "tokenizer", new BundleDraft(folder, new Loras(List.of())), 77))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("give --tokenizer FOLDER with CLIP's vocab.json and merges.txt");
  }

  @Test
  void other_models_of_the_same_code_are_refused() {
    Map<String, Tensor> file = networks(UNET_1);
    file.putAll(clip("cond_stage_model.transformer.", 768, 12, 3072));
    file.put(OriginalUnet.PREFIX + "input_blocks.0.0.weight", shaped(320, 9));
    assertThatThrownBy(() -> SingleFileKind.of(tensors(file)))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("takes 9 channels");
  }

  /** What is derived from a file. */
  private static final class Derived {
    private final Map<String, JsonNode> files;
    private final List<String> lines;

    Derived(SingleFileKind kind, Map<String, Tensor> file, String prediction) {
      OriginalTensors tensors = tensors(file);
      assertThat(SingleFileKind.of(tensors)).isEqualTo(kind);
      SingleFileConfigs configs = new SingleFileConfigs(kind, prediction, tensors);
      OriginalUnet unet = new OriginalUnet(tensors);
      files = configs.of(unet, new OriginalAutoencoder(tensors), kind.texts(tensors));
      lines = configs.lines();
      assertThat(unet.origins()).hasSize(tensors.below(OriginalUnet.PREFIX).tensors().size());
    }

    void agrees(String file, String published) {
      JsonNode derived = Objects.requireNonNull(files.get(file));
      json(published)
          .properties()
          .forEach(
              entry ->
                  assertThat(derived.path(entry.getKey()).toString())
                      .as("%s: %s", file, entry.getKey())
                      .isEqualTo(entry.getValue().toString()));
    }
  }

  // ---- the tensors of a file

  private static Map<String, Tensor> networks(String unet) {
    Map<String, Tensor> file = new TreeMap<>();
    JsonNode config = json(unet);
    long first = config.path("block_out_channels").path(0).longValue();
    long text = config.path("cross_attention_dim").longValue();
    for (String name : names("UNet2DConditionModel", unet)) {
      Tensor tensor = shaped(1, 1);
      if (name.endsWith(".conv2.weight")) {
        tensor = shaped(width(name, config), 1);
      } else if (name.endsWith("attn2.to_k.weight")) {
        tensor = shaped(1, text);
      } else if (name.equals("conv_in.weight")) {
        tensor = shaped(first, 4);
      } else if (name.equals("conv_out.weight")) {
        tensor = shaped(4, 1);
      } else if (name.equals("add_embedding.linear_1.weight")) {
        tensor = shaped(1, 2816);
      } else if (name.endsWith("proj_in.weight") && text == 768) {
        tensor = shaped(1, 1, 1, 1);
      }
      file.put(OriginalUnet.PREFIX + OriginalLayout.unet(name, config), tensor);
    }
    JsonNode vae = json(VAE);
    Map<String, Tensor> told =
        Map.of(
            "encoder.conv_in.weight", shaped(1, 3),
            "decoder.conv_out.weight", shaped(3, 1),
            "decoder.conv_in.weight", shaped(1, 4));
    for (String half : List.of("encode", "decode")) {
      for (String name : names("AutoencoderKL." + half, VAE)) {
        Tensor width = shaped(name.endsWith("conv2.weight") ? width(name, vae) : 1, 1);
        file.put(
            OriginalAutoencoder.PREFIX + OriginalLayout.vae(name, 4),
            told.getOrDefault(name, width));
      }
    }
    return file;
  }

  private static long width(String name, JsonNode config) {
    JsonNode widths = config.path("block_out_channels");
    int last = widths.size() - 1;
    String block = name.replaceAll(".*(down|up)_blocks\\.(\\d).*", "$2");
    if (name.startsWith("mid_block") || name.contains(".mid_block")) {
      return widths.get(last).longValue();
    }
    int number = Integer.parseInt(block);
    return widths.get(name.contains("up_blocks") ? last - number : number).longValue();
  }

  private static Set<String> names(String architecture, String config) {
    try (PublishedConfig read = PublishedConfig.parse("config.json", config)) {
      PublishedNetwork network = Architectures.of(architecture, read, Set.of());
      Set<String> names = new TreeSet<>();
      NetworkSource.parse("network", network.source())
          .tensors()
          .keySet()
          .forEach(path -> names.add(PublishedNetwork.publishedName(path)));
      return names;
    }
  }

  private static OriginalTensors tensors(Map<String, Tensor> file) {
    return OriginalTensors.of("model.safetensors", new Safetensors(file));
  }

  private static JsonNode json(String text) {
    try {
      return Json.mapper().readTree(text);
    } catch (JsonProcessingException broken) {
      throw new IllegalArgumentException(text, broken);
    }
  }
}
