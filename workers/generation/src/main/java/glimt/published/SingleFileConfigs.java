package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The configurations of a single file's networks, as diffusers would publish them, and of the
 * scheduler that its kind is published with.
 */
final class SingleFileConfigs {
  private static final String CONFIG = "/config.json";

  /** OpenCLIP's ViT-H has so many layers; its last is not read, and some files leave it out. */
  private static final int VIT_H_LAYERS = 24;

  /**
   * Tensors by which trainers of the velocity, and of a schedule that ends in noise, mark files.
   */
  private static final String VELOCITY_MARK = "v_pred";

  private static final String ZERO_SNR_MARK = "ztsnr";

  private final SingleFileKind kind;
  private final String prediction;
  private final boolean zeroSnr;
  private final List<String> lines = new ArrayList<>();

  /**
   * @param prediction as asked for; empty for what is usual
   */
  SingleFileConfigs(SingleFileKind kind, String prediction, OriginalTensors file) {
    this.kind = kind;
    boolean marked = file.has(VELOCITY_MARK);
    boolean assumed = prediction.isEmpty() && !marked && kind == SingleFileKind.TWO;
    String usual = marked || assumed ? SingleFileOptions.V : SingleFileOptions.EPSILON;
    this.prediction = prediction.isEmpty() ? usual : prediction;
    // Only Euler's scheduler, of the three that are set up here, reads it with this spacing.
    zeroSnr = kind == SingleFileKind.XL && file.has(ZERO_SNR_MARK);
    lines.add(
        "the U-Net is taken to answer %s%s"
            .formatted(
                this.prediction.equals(SingleFileOptions.V) ? "the velocity" : "the noise",
                assumed
                    ? ", as the 768 pixel model of Stable Diffusion 2 does: the file does not say; --prediction epsilon is for the base model"
                    : ""));
  }

  /** What was assumed. */
  List<String> lines() {
    return lines;
  }

  /** The JSON files, by component and name. */
  Map<String, JsonNode> of(
      OriginalUnet unet, OriginalAutoencoder vae, Map<String, OriginalClip> texts) {
    Map<String, JsonNode> files = new LinkedHashMap<>();
    ObjectNode network = unet.config(kind == SingleFileKind.ONE ? 0 : 64);
    boolean velocity = prediction.equals(SingleFileOptions.V);
    network.put(
        "sample_size",
        switch (kind) {
          case ONE -> 64;
          case TWO -> velocity ? 96 : 64;
          case XL -> 128;
        });
    texts.forEach(
        (component, clip) -> {
          boolean projected = component.equals("text_encoder_2");
          files.put(component + CONFIG, clip.config(layers(clip), projected));
          ObjectNode tokenizer = Json.mapper().createObjectNode();
          boolean padded = clip.open(); // with "!", whose id is 0, and not with the end
          tokenizer.put("pad_token", padded ? "!" : "<|endoftext|>").put("model_max_length", 77);
          files.put(
              component.replace("text_encoder", "tokenizer") + "/tokenizer_config.json", tokenizer);
        });
    if (kind == SingleFileKind.XL) {
      OriginalClip second = Objects.requireNonNull(texts.get("text_encoder_2"));
      unet.addSizes(network, second.projection());
    }
    files.put("unet" + CONFIG, network);
    files.put("vae" + CONFIG, vae.config(kind == SingleFileKind.XL ? 0.13025 : 0.18215));
    files.put("scheduler/scheduler_config.json", scheduler());
    return files;
  }

  /** Stable Diffusion 2 reads what leaves the last layer but one, and has no use for the last. */
  private int layers(OriginalClip clip) {
    return kind == SingleFileKind.TWO ? Math.min(clip.layers(), VIT_H_LAYERS - 1) : clip.layers();
  }

  private ObjectNode scheduler() {
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", kind.scheduler(prediction));
    config.put("beta_start", 0.00085).put("beta_end", 0.012).put("beta_schedule", "scaled_linear");
    config.put("num_train_timesteps", 1000).put("steps_offset", 1);
    config.put("timestep_spacing", "leading");
    switch (config.path("_class_name").textValue()) {
      case "PNDMScheduler" -> config.put("skip_prk_steps", true).put("set_alpha_to_one", false);
      case "DDIMScheduler" -> config.put("clip_sample", false).put("set_alpha_to_one", false);
      default -> config.put("interpolation_type", "linear").put("use_karras_sigmas", false);
    }
    if (zeroSnr) {
      config.put("rescale_betas_zero_snr", true).put("timestep_spacing", "trailing");
    }
    return predicting(config, prediction);
  }

  /** A scheduler's configuration for a network that answers something else. */
  static ObjectNode predicting(JsonNode scheduler, String prediction) {
    ObjectNode other = scheduler.deepCopy();
    String type = prediction.equals(SingleFileOptions.V) ? "v_prediction" : "epsilon";
    return other.put("prediction_type", type);
  }
}
