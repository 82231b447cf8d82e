package glimt.worker;

import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder of Stable Diffusion's upscaler, small and with random weights: the classes, names and
 * keys of stabilityai/stable-diffusion-x4-upscaler, and the sizes of a recorded Stable Diffusion.
 */
final class TinyUpscaler {
  private static final Path PICTURES =
      Path.of("../generation/src/test/resources/golden-models/stable-diffusion/sd1-pndm");
  private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

  /** Of a timestep's vector. */
  private static final int TIME = 32;

  /** Of a text's states. */
  private static final int TEXT = 32;

  private static final int CLASSES = 1000;

  private static final Pattern SELF =
      Pattern.compile("(down_blocks\\.[12]|up_blocks\\.[12])\\..*\\.attn1\\.to_[kv]\\.weight");

  private TinyUpscaler() {}

  /** Writes the folder. */
  static Path in(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(PICTURES)) {
      for (Path file : files.toList()) {
        Path copied = folder.resolve(PICTURES.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copied);
        } else {
          Files.copy(file, copied);
        }
      }
    }
    Files.writeString(
        folder.resolve("model_index.json"),
        """
        {"_class_name": "StableDiffusionUpscalePipeline", "_diffusers_version": "0.8.0",
         "low_res_scheduler": ["diffusers", "DDPMScheduler"], "max_noise_level": 350,
         "scheduler": ["diffusers", "DDIMScheduler"], "feature_extractor": [null, null],
         "safety_checker": [null, null], "watermarker": [null, null],
         "text_encoder": ["transformers", "CLIPTextModel"],
         "tokenizer": ["transformers", "CLIPTokenizer"],
         "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}\
        """);
    Files.writeString(
        folder.resolve("scheduler/scheduler_config.json"),
        """
        {"_class_name": "DDIMScheduler", "_diffusers_version": "0.8.0", "beta_end": 0.02,
         "beta_schedule": "linear", "beta_start": 0.0001, "clip_sample": false,
         "num_train_timesteps": 1000, "prediction_type": "v_prediction",
         "set_alpha_to_one": false, "steps_offset": 1, "trained_betas": null}\
        """);
    Files.createDirectories(folder.resolve("low_res_scheduler"));
    Files.writeString(
        folder.resolve("low_res_scheduler/scheduler_config.json"),
        """
        {"_class_name": "DDPMScheduler", "_diffusers_version": "0.8.0", "beta_end": 0.02,
         "beta_schedule": "squaredcos_cap_v2", "beta_start": 0.0001, "clip_sample": true,
         "num_train_timesteps": 1000, "prediction_type": "epsilon", "trained_betas": null,
         "variance_type": "fixed_small"}\
        """);
    unet(folder.resolve("unet"));
    vae(folder.resolve("vae"));
    return folder;
  }

  private static void unet(Path folder) throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.8.0", "act_fn": "silu",
         "attention_head_dim": 2, "block_out_channels": [8, 8, 16, 16],
         "center_input_sample": false, "cross_attention_dim": 32,
         "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                              "CrossAttnDownBlock2D", "DownBlock2D"],
         "downsample_padding": 1, "dual_cross_attention": false, "flip_sin_to_cos": true,
         "freq_shift": 0, "in_channels": 7, "layers_per_block": 2, "mid_block_scale_factor": 1,
         "norm_eps": 1e-05, "norm_num_groups": 4, "num_class_embeds": 1000,
         "only_cross_attention": [false, true, true, false], "out_channels": 4, "sample_size": 8,
         "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
                            "CrossAttnUpBlock2D"],
         "use_linear_projection": false}\
        """);
    Map<String, Tensor> tensors = read(folder);
    Random random = new Random(12);
    put(tensors, "conv_in.weight", random, 8, 7, 3, 3);
    put(tensors, "class_embedding.weight", random, CLASSES, TIME);
    Map.copyOf(tensors)
        .forEach(
            (name, tensor) -> {
              if (SELF.matcher(name).matches()) {
                put(tensors, name, random, tensor.shape().getFirst(), TEXT);
              }
            });
    write(folder, tensors);
  }

  /** Three blocks a side instead of four, so that a position of a latent becomes 4 x 4 pixels. */
  private static void vae(Path folder) throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"_class_name": "AutoencoderKL", "_diffusers_version": "0.8.0", "act_fn": "silu",
         "block_out_channels": [8, 8, 16],
         "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
         "in_channels": 3, "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 4,
         "out_channels": 3, "sample_size": 64, "scaling_factor": 0.08333,
         "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}\
        """);
    Map<String, Tensor> tensors = new HashMap<>();
    read(folder)
        .forEach(
            (name, tensor) -> {
              if (!name.contains("_blocks.2.")) {
                tensors.put(name.replace("_blocks.3.", "_blocks.2."), tensor);
              }
            });
    write(folder, tensors);
  }

  private static Map<String, Tensor> read(Path folder) {
    return new HashMap<>(Safetensors.read(folder.resolve(WEIGHTS)).tensors());
  }

  private static void write(Path folder, Map<String, Tensor> tensors) throws IOException {
    Files.delete(folder.resolve(WEIGHTS));
    new Safetensors(tensors).write(folder.resolve(WEIGHTS));
  }

  private static void put(Map<String, Tensor> tensors, String name, Random random, long... shape) {
    float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.3 * random.nextGaussian());
    }
    tensors.put(name, Tensor.of(values, shape));
  }
}
