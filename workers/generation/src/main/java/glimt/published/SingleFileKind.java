package glimt.published;

import glimt.bundle.BundleException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Which Stable Diffusion a single file holds. */
enum SingleFileKind {
  ONE("Stable Diffusion 1", "StableDiffusionPipeline"),
  TWO("Stable Diffusion 2", "StableDiffusionPipeline"),
  XL("Stable Diffusion XL", "StableDiffusionXLPipeline");

  private static final int LATENT_CHANNELS = 4;

  private final String title;
  private final String pipeline;

  SingleFileKind(String title, String pipeline) {
    this.title = title;
    this.pipeline = pipeline;
  }

  /** What the names of its text encoders' tensors begin with. */
  List<String> texts() {
    return switch (this) {
      case ONE -> List.of("cond_stage_model.transformer.");
      case TWO -> List.of("cond_stage_model.model.");
      case XL -> List.of("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model.");
    };
  }

  /**
   * Tells them apart by their text encoders.
   *
   * @throws BundleException if it is none of them, saying what it seems to be
   */
  static SingleFileKind of(OriginalTensors file) {
    String first = OriginalUnet.PREFIX + "input_blocks.0.0.weight";
    if (!file.has(first)) {
      throw file.refused(
          "it is no Stable Diffusion in one file, which would hold a tensor %s; its names begin with %s"
              .formatted(first, beginnings(file)));
    }
    SingleFileKind kind =
        List.of(XL, TWO, ONE).stream()
            .filter(one -> one.texts().stream().allMatch(text -> file.below(text).any()))
            .findFirst()
            .orElseThrow(
                () ->
                    file.refused(
                        "it has a U-Net, but not the text encoder of Stable Diffusion 1, 2 or XL; its names begin with %s"
                            .formatted(beginnings(file))));
    if (!file.below(OriginalAutoencoder.PREFIX).any()) {
      throw file.refused("it has no autoencoder: no tensor begins with first_stage_model");
    }
    long channels = file.shape(first).get(1);
    if (channels != LATENT_CHANNELS) {
      throw file.refused(
          "its U-Net takes %s channels: it fills in, or looks at, a picture, which is not implemented"
              .formatted(channels));
    }
    if (kind != XL && file.has(OriginalUnet.PREFIX + "label_emb.0.0.weight")) {
      throw file.refused("its U-Net takes a picture's vector (unCLIP), which is not implemented");
    }
    for (String marker : List.of("edm_mean", "edm_vpred.sigma_max")) {
      if (file.has(marker)) {
        throw file.refused(
            "it is trained on EDM's noise (%s), which is not implemented".formatted(marker));
      }
    }
    return kind;
  }

  static Set<String> beginnings(OriginalTensors file) {
    Set<String> beginnings = new TreeSet<>();
    file.tensors().keySet().forEach(name -> beginnings.add(name.replaceFirst("\\..*", "")));
    return new TreeSet<>(beginnings.stream().limit(12).toList());
  }

  String title() {
    return title;
  }

  /** The class of diffusers that runs it. */
  String pipeline() {
    return pipeline;
  }

  /** The text encoders by the names of their components. */
  Map<String, OriginalClip> texts(OriginalTensors file) {
    Map<String, OriginalClip> encoders = new LinkedHashMap<>();
    for (String prefix : texts()) {
      encoders.put(
          encoders.isEmpty() ? "text_encoder" : "text_encoder_2",
          file.below(prefix + OriginalClip.BLOCKS).any()
              ? OriginalClip.open(file, prefix)
              : OriginalClip.transformers(file, prefix));
    }
    return encoders;
  }

  /** The scheduler that it is published with. */
  String scheduler(String prediction) {
    return switch (this) {
      case ONE -> "PNDMScheduler";
      case TWO -> prediction.equals(SingleFileOptions.V) ? "DDIMScheduler" : "PNDMScheduler";
      case XL -> "EulerDiscreteScheduler";
    };
  }

  /**
   * The classes of its components by their names.
   *
   * @param scheduler the class of its scheduler
   */
  Map<String, String> components(String scheduler) {
    Map<String, String> classes = new LinkedHashMap<>();
    classes.put("scheduler", scheduler);
    classes.put("text_encoder", OriginalClip.className(false));
    classes.put("tokenizer", "CLIPTokenizer");
    if (this == XL) {
      classes.put("text_encoder_2", OriginalClip.className(true));
      classes.put("tokenizer_2", "CLIPTokenizer");
    }
    classes.put("unet", "UNet2DConditionModel");
    classes.put("vae", "AutoencoderKL");
    return classes;
  }

  /** What the names of all tensors begin with that are used. */
  List<String> prefixes() {
    List<String> all = new ArrayList<>(texts());
    all.add(OriginalUnet.PREFIX);
    all.add(OriginalAutoencoder.PREFIX);
    return all;
  }
}
