package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.json.Json;
import glimt.published.FilePart.PartKind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * LTX-Video in files of its authors' names: the transformer and the codec, mostly in one file, and
 * T5 in another.
 */
final class LtxFiles {
  private static final List<String> VOCABULARY = List.of("spiece.model", "tokenizer.json");

  /** Those that run without a first clip; the first where no folder says which. */
  private static final List<String> PIPELINES = List.of("LTXPipeline", "LTXConditionPipeline");

  private LtxFiles() {}

  static PublishedFolder of(WeightFiles files, SingleFileOptions options) {
    FilePart denoiser = files.only(PartKind.LTX);
    FilePart codec = files.only(PartKind.LTX_AUTOENCODER);
    FilePart text = files.only(PartKind.T5);
    OriginalLtx transformer = new OriginalLtx(denoiser.tensors());
    OriginalLtxAutoencoder vae = new OriginalLtxAutoencoder(codec.tensors());
    OriginalT5 encoder = new OriginalT5(text);
    if (encoder.ownDistances()) {
      throw text.tensors().refused("it is UMT5, and LTX-Video reads T5");
    }
    WeightFilesContents contents =
        new WeightFilesContents(
            files.title(),
            files.folder(),
            options,
            files.vocabulary(VOCABULARY).orElse(null),
            "T5's spiece.model or tokenizer.json, such as google/t5-v1_1-xxl");
    contents.weights("transformer", denoiser.placed(WanFiles.part(transformer.origins())));
    contents.weights("vae", codec.placed(WanFiles.part(vae.origins())));
    contents.weights("text_encoder", text.placed(WanFiles.part(encoder.origins())));
    if (!contents.configured()) {
      Map<String, JsonNode> configs = new LinkedHashMap<>();
      configs.put("transformer/config.json", transformer.config());
      configs.put("vae/config.json", vae.config());
      configs.put("text_encoder/config.json", encoder.config());
      configs.put("scheduler/scheduler_config.json", scheduler());
      contents.configs(configs);
    }
    Map<String, String> classes = new LinkedHashMap<>();
    classes.put("scheduler", "FlowMatchEulerDiscreteScheduler");
    classes.put("text_encoder", "T5EncoderModel");
    classes.put("tokenizer", "T5Tokenizer");
    classes.put("transformer", "LTXVideoTransformer3DModel");
    classes.put("vae", "AutoencoderKLLTXVideo");
    return PublishedFolder.of(
        files.folder(),
        files.name(denoiser),
        contents.index(PIPELINES, classes),
        contents,
        files.lines());
  }

  private static ObjectNode scheduler() {
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "FlowMatchEulerDiscreteScheduler");
    config.put("num_train_timesteps", 1000).put("shift", 1.0);
    config.put("use_dynamic_shifting", true).put("base_shift", 0.95).put("max_shift", 2.05);
    config.put("base_image_seq_len", 1024).put("max_image_seq_len", 4096);
    return config.put("shift_terminal", 0.1);
  }
}
