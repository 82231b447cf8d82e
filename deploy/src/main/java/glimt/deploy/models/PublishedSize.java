package glimt.deploy.models;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The pipelines that are measured, in the sizes in which they are published. */
enum PublishedSize {
  /** Stable Diffusion 1.5 (Rombach et al. 2022). */
  SD,
  /** ModelScope's text-to-video (Wang et al. 2023), whose networks Zeroscope has too. */
  T2V,
  /** Wan 2.1 of 1.3 billion parameters (Wan Team 2025), whose text encoder is UMT5-XXL. */
  WAN;

  private static final JsonMapper JSON = new JsonMapper();

  /** Every token of these prompts is a letter, so that they need no merges. */
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz";

  private static final int CLIP_VOCABULARY = 49_408;

  /** Its name on the command line. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What jobs make: an image or a video. */
  String kind() {
    return this == SD ? "image" : "video";
  }

  /** The extents of the sample that a job makes. */
  Map<String, Integer> extents(boolean tiny) {
    return switch (this) {
      case SD -> Map.of("height", tiny ? 64 : 256, "width", tiny ? 64 : 256);
      case T2V -> clip(tiny ? 3 : 8, tiny ? 64 : 128);
      case WAN -> clip(5, tiny ? 32 : 64);
    };
  }

  private static Map<String, Integer> clip(int frames, int side) {
    return Map.of("frames", frames, "height", side, "width", side);
  }

  /**
   * The pipeline's folder.
   *
   * @param tiny whether the networks are of a few thousand parameters instead
   */
  ModelFolder folder(boolean tiny) {
    return switch (this) {
      case SD -> stableDiffusion(tiny);
      case T2V -> textToVideo(tiny);
      case WAN -> wan(tiny);
    };
  }

  private static ModelFolder stableDiffusion(boolean tiny) {
    List<Integer> widths = tiny ? List.of(32, 32, 64, 64) : List.of(320, 640, 1280, 1280);
    int context = tiny ? 32 : 768;
    return latent(
        index("StableDiffusionPipeline", "PNDMScheduler", "UNet2DConditionModel"),
        """
        {"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
         "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1}
        """,
        unet("UNet2DConditionModel", "2D", widths, 8, context, tiny ? 8 : 64),
        DiffusionShapes.unet(widths, 2, context, 0),
        clip("quick_gelu", context, tiny ? 2 : 12, tiny ? 2 : 12),
        TextShapes.clip(CLIP_VOCABULARY, context, tiny ? 2 : 12),
        tiny);
  }

  private static ModelFolder textToVideo(boolean tiny) {
    List<Integer> widths = tiny ? List.of(32, 32, 64, 64) : List.of(320, 640, 1280, 1280);
    int context = tiny ? 32 : 1024;
    int head = tiny ? 16 : 64;
    return latent(
        index("TextToVideoSDPipeline", "DDIMScheduler", "UNet3DConditionModel"),
        """
        {"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
         "num_train_timesteps": 1000, "set_alpha_to_one": false, "clip_sample": false, "steps_offset": 1}
        """,
        unet("UNet3DConditionModel", "3D", widths, head, context, tiny ? 8 : 32),
        DiffusionShapes.unet(widths, 2, context, 8 * head),
        clip("gelu", context, tiny ? 2 : 23, tiny ? 2 : 16),
        TextShapes.clip(CLIP_VOCABULARY, context, tiny ? 2 : 23),
        tiny);
  }

  private static ModelFolder latent(
      String index,
      String scheduler,
      String unetConfig,
      TensorShapes unet,
      String clipConfig,
      TensorShapes clip,
      boolean tiny) {
    List<Integer> widths = tiny ? List.of(32, 32, 32, 32) : List.of(128, 256, 512, 512);
    ObjectNode codec = JSON.createObjectNode().put("_class_name", "AutoencoderKL");
    codec.put("in_channels", 3).put("out_channels", 3).put("latent_channels", 4);
    codec.put("layers_per_block", 2).put("norm_num_groups", 32).put("sample_size", 512);
    widths.forEach(codec.putArray("block_out_channels")::add);
    ArrayNode down = codec.putArray("down_block_types");
    ArrayNode up = codec.putArray("up_block_types");
    widths.forEach(_ -> down.add("DownEncoderBlock2D"));
    widths.forEach(_ -> up.add("UpDecoderBlock2D"));
    return new ModelFolder.FolderPlan()
        .text("model_index.json", index)
        .text("scheduler/scheduler_config.json", scheduler)
        .text("tokenizer/vocab.json", clipVocabulary())
        .text("tokenizer/merges.txt", "#version: 0.2\na b\n")
        .network("unet", "diffusion_pytorch_model", unetConfig, unet)
        .network(
            "vae",
            "diffusion_pytorch_model",
            codec.toString(),
            DiffusionShapes.autoencoder(widths, 2))
        .network("text_encoder", "model", clipConfig, clip)
        .folder();
  }

  private static String index(String pipeline, String scheduler, String unet) {
    return """
        {"_class_name": "%s",
         "scheduler": ["diffusers", "%s"],
         "text_encoder": ["transformers", "CLIPTextModel"],
         "tokenizer": ["transformers", "CLIPTokenizer"],
         "unet": ["diffusers", "%s"],
         "vae": ["diffusers", "AutoencoderKL"]}
        """
        .formatted(pipeline, scheduler, unet);
  }

  private static String unet(
      String className, String dimensions, List<Integer> widths, int heads, int context, int side) {
    ObjectNode config = JSON.createObjectNode().put("_class_name", className);
    config.put("in_channels", 4).put("out_channels", 4).put("layers_per_block", 2);
    config.put("attention_head_dim", heads).put("cross_attention_dim", context);
    config.put("norm_num_groups", 32).put("sample_size", side);
    widths.forEach(config.putArray("block_out_channels")::add);
    ArrayNode down = config.putArray("down_block_types");
    ArrayNode up = config.putArray("up_block_types");
    up.add("UpBlock" + dimensions);
    for (int i = 1; i < widths.size(); i++) {
      down.add("CrossAttnDownBlock" + dimensions);
      up.add("CrossAttnUpBlock" + dimensions);
    }
    down.add("DownBlock" + dimensions);
    return config.toString();
  }

  private static String clip(String activation, int width, int layers, int heads) {
    return """
        {"hidden_act": "%s", "hidden_size": %s, "intermediate_size": %s, "num_hidden_layers": %s,
         "num_attention_heads": %s, "max_position_embeddings": 77, "vocab_size": %s, "eos_token_id": 2}
        """
        .formatted(activation, width, 4 * width, layers, heads, CLIP_VOCABULARY);
  }

  private static String clipVocabulary() {
    ObjectNode ids = JSON.createObjectNode();
    for (String letter : LETTERS.split("", -1)) {
      if (!letter.isEmpty()) {
        ids.put(letter, ids.size());
        ids.put(letter + "</w>", ids.size());
      }
    }
    ids.put("ab", ids.size());
    ids.put("<|startoftext|>", CLIP_VOCABULARY - 2);
    return ids.put("<|endoftext|>", CLIP_VOCABULARY - 1).toString();
  }

  private static ModelFolder wan(boolean tiny) {
    int width = tiny ? 32 : 1536;
    int inner = tiny ? 64 : 8960;
    int layers = tiny ? 2 : 30;
    int text = tiny ? 32 : 4096;
    int textInner = tiny ? 64 : 10_240;
    int textLayers = tiny ? 2 : 24;
    int textHeads = tiny ? 4 : 64;
    int waves = tiny ? 32 : 256;
    int vocabulary = tiny ? 512 : 256_384;
    int codec = tiny ? 8 : 96;
    return new ModelFolder.FolderPlan()
        .text(
            "model_index.json",
            """
            {"_class_name": "WanPipeline",
             "scheduler": ["diffusers", "UniPCMultistepScheduler"],
             "text_encoder": ["transformers", "UMT5EncoderModel"],
             "tokenizer": ["transformers", "T5TokenizerFast"],
             "transformer": ["diffusers", "WanTransformer3DModel"],
             "vae": ["diffusers", "AutoencoderKLWan"]}
            """)
        .text(
            "scheduler/scheduler_config.json",
            """
            {"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction", "use_flow_sigmas": true,
             "flow_shift": 3.0, "num_train_timesteps": 1000, "solver_order": 2, "solver_type": "bh2",
             "predict_x0": true, "lower_order_final": true, "final_sigmas_type": "zero"}
            """)
        .text("tokenizer/tokenizer.json", unigrams())
        .network(
            "text_encoder",
            "model",
            """
            {"model_type": "umt5", "d_model": %s, "d_kv": %s, "d_ff": %s, "num_layers": %s, "num_heads": %s,
             "feed_forward_proj": "gated-gelu", "vocab_size": %s}
            """
                .formatted(text, text / textHeads, textInner, textLayers, textHeads, vocabulary),
            TextShapes.umt5(vocabulary, text, textInner, textHeads, textLayers))
        .network(
            "transformer",
            "diffusion_pytorch_model",
            """
            {"_class_name": "WanTransformer3DModel", "num_attention_heads": %s, "attention_head_dim": %s,
             "ffn_dim": %s, "num_layers": %s, "freq_dim": %s, "text_dim": %s, "in_channels": 16,
             "out_channels": 16, "patch_size": [1, 2, 2], "qk_norm": "rms_norm_across_heads",
             "cross_attn_norm": true}
            """
                .formatted(tiny ? 2 : 12, tiny ? 16 : 128, inner, layers, waves, text),
            WanShapes.transformer(width, inner, layers, text, waves))
        .network(
            "vae",
            "diffusion_pytorch_model",
            """
            {"_class_name": "AutoencoderKLWan", "base_dim": %s, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2,
             "temperal_downsample": [false, true, true], "z_dim": 16}
            """
                .formatted(codec),
            WanShapes.autoencoder(codec, List.of(1, 2, 4, 4), 2))
        .folder();
  }

  /** A tokenizer of T5's kind whose words are letters. */
  private static String unigrams() {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode added = root.putArray("added_tokens");
    ObjectNode model = JSON.createObjectNode().put("type", "Unigram").put("unk_id", 2);
    ArrayNode pieces = model.putArray("vocab");
    for (String mark : List.of("<pad>", "</s>", "<unk>")) {
      added.addObject().put("id", pieces.size()).put("content", mark).put("special", true);
      pieces.addArray().add(mark).add(0.0);
    }
    for (String letter : ("\u2581" + LETTERS).split("", -1)) {
      if (!letter.isEmpty()) {
        pieces.addArray().add(letter).add(-3.0);
      }
    }
    for (var one : added) {
      for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        ((ObjectNode) one).put(flag, false);
      }
    }
    root.putObject("pre_tokenizer")
        .put("type", "Metaspace")
        .put("replacement", "\u2581")
        .put("prepend_scheme", "always")
        .put("split", true);
    ObjectNode template = root.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = template.putArray("single");
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    single.addObject().putObject("SpecialToken").put("id", "</s>").put("type_id", 0);
    template.putArray("pair").addAll(single);
    ObjectNode end = template.putObject("special_tokens").putObject("</s>").put("id", "</s>");
    end.putArray("ids").add(1);
    end.putArray("tokens").add("</s>");
    root.set("model", model);
    return root.toString();
  }
}
