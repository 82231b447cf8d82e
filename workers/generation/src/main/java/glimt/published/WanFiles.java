package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Safetensors.Tensor;
import glimt.json.Json;
import glimt.published.FilePart.PartKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Wan 2.1 in files of its authors' names: the transformer, the codec, and UMT5. Its configuration
 * follows from the tensors, and its scheduler is the one that diffusers publishes it with.
 */
final class WanFiles {
  private static final List<String> VOCABULARY = List.of("spiece.model", "tokenizer.json");

  private WanFiles() {}

  static PublishedFolder of(WeightFiles files, SingleFileOptions options) {
    FilePart denoiser = files.only(PartKind.WAN);
    FilePart codec = files.only(PartKind.WAN_AUTOENCODER);
    FilePart text = files.only(PartKind.WAN_T5, PartKind.T5);
    OriginalWan transformer = new OriginalWan(denoiser.tensors());
    OriginalWanAutoencoder vae = new OriginalWanAutoencoder(codec.tensors());
    OriginalT5 encoder = new OriginalT5(text);
    if (!encoder.ownDistances()) {
      throw text.tensors().refused("it is T5, and Wan reads UMT5");
    }
    checkChannels(denoiser, codec);
    WeightFilesContents contents =
        new WeightFilesContents(
            files.title(),
            files.folder(),
            options,
            files.vocabulary(VOCABULARY).orElse(null),
            "UMT5's spiece.model or tokenizer.json, such as google/umt5-xxl");
    contents.weights("transformer", denoiser.placed(part(transformer.origins())));
    contents.weights("vae", codec.placed(part(vae.origins())));
    contents.weights("text_encoder", text.placed(part(encoder.origins())));
    List<String> lines = new ArrayList<>(files.lines());
    if (!contents.configured()) {
      Map<String, JsonNode> configs = new LinkedHashMap<>();
      configs.put("transformer/config.json", transformer.config());
      configs.put("vae/config.json", vae.config());
      configs.put("text_encoder/config.json", encoder.config());
      configs.put("scheduler/scheduler_config.json", scheduler());
      contents.configs(configs);
      lines.add("flow_shift is taken to be 3, as for 480p; Wan's authors take 5 for 720p");
    }
    Map<String, String> classes = new LinkedHashMap<>();
    classes.put("scheduler", "UniPCMultistepScheduler");
    classes.put("text_encoder", "UMT5EncoderModel");
    classes.put("tokenizer", "T5Tokenizer");
    classes.put("transformer", "WanTransformer3DModel");
    classes.put("vae", "AutoencoderKLWan");
    return PublishedFolder.of(
        files.folder(),
        files.name(denoiser),
        contents.index(List.of("WanPipeline"), classes),
        contents,
        lines);
  }

  /** Those of Wan's that begin with a picture take more channels than latents have. */
  private static void checkChannels(FilePart denoiser, FilePart codec) {
    long taken = denoiser.tensors().shape("patch_embedding.weight").get(1);
    Tensor latents = codec.tensors().tensor("conv2.weight");
    if (taken != latents.shape().getFirst()) {
      throw denoiser
          .tensors()
          .refused(
              "it takes %s channels, and %s makes %s: it needs a first picture, or another codec"
                  .formatted(taken, codec.file(), latents.shape().getFirst()));
    }
  }

  static PublishedWeights.WeightsPart part(Map<String, glimt.bundle.Origin> origins) {
    return new PublishedWeights.WeightsPart(origins, Map.of());
  }

  private static ObjectNode scheduler() {
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "UniPCMultistepScheduler");
    config.put("num_train_timesteps", 1000);
    config.put("beta_start", 0.0001).put("beta_end", 0.02).put("beta_schedule", "linear");
    config.put("solver_order", 2).put("solver_type", "bh2").put("predict_x0", true);
    config.put("prediction_type", "flow_prediction").put("use_flow_sigmas", true);
    config.put("flow_shift", 3.0).put("final_sigmas_type", "zero");
    return config.put("timestep_spacing", "linspace").put("lower_order_final", true);
  }
}
