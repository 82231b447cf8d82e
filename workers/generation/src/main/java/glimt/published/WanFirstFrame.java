package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.model.FirstFrame;
import glimt.model.Port;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a Wan pipeline is given a first frame: the 5B model of 2.2 keeps it, with timesteps of its
 * own ({@code expand_timesteps}); those of {@code WanImageToVideoPipeline} otherwise read its
 * latents beside the noise, and 2.1 also CLIP's states of the picture.
 *
 * @param frame null if it is given none
 * @param ports that the picture feeds
 */
record WanFirstFrame(@Nullable FirstFrame frame, List<Port> ports) {
  static final String ENCODER = "image_encoder";
  static final String PROCESSOR = "image_processor";

  static final String PICTURES = "WanImageToVideoPipeline";
  private static final String LATENTS = "picture_latents";
  private static final String STATES = "encoder_hidden_states_image";

  /** What CLIP's picture encoders subtract and divide by, unless a configuration says otherwise. */
  private static final List<Double> MEANS = List.of(0.48145466, 0.4578275, 0.40821073);

  private static final List<Double> DEVIATIONS = List.of(0.26862954, 0.26130258, 0.27577711);

  WanFirstFrame {
    ports = List.copyOf(ports);
  }

  /** Whether every job needs a picture. */
  boolean needed() {
    return frame != null && frame.needed();
  }

  static WanFirstFrame of(PublishedFolder from, BundleDraft draft) {
    PublishedConfig transformer = from.config("transformer");
    boolean reads = transformer.integer("image_dim") != null;
    if (from.index().flag("expand_timesteps", false)) {
      List<Integer> patch = transformer.integers("patch_size", List.of(1, 2, 2));
      return new WanFirstFrame(new FirstFrame(new FirstFrame.HeldFrame(patch, 0), null), List.of());
    }
    if (!from.className().equals(PICTURES)) {
      if (reads) {
        throw transformer.refused("image_dim", "only a %s has it".formatted(PICTURES));
      }
      return new WanFirstFrame(null, List.of());
    }
    if (transformer.integer("pos_embed_seq_len") != null) {
      throw transformer.refused("pos_embed_seq_len", "clips with a given end are not implemented");
    }
    List<Port> ports = new ArrayList<>();
    ports.add(Port.picture(LATENTS, Port.PortSource.PICTURE_LATENTS));
    if (!reads) {
      return new WanFirstFrame(new FirstFrame(null, null), ports);
    }
    ports.add(Port.picture(STATES, Port.PortSource.PICTURE_STATES));
    draft.network(ENCODER, from, ENCODER, from.className(ENCODER));
    return new WanFirstFrame(new FirstFrame(null, vision(from)), ports);
  }

  private static FirstFrame.Vision vision(PublishedFolder from) {
    String file = "preprocessor_config.json";
    PublishedConfig config =
        PublishedConfig.of(
            String.valueOf(from.file(PROCESSOR, file)),
            from.json(PROCESSOR, file)
                .orElseThrow(() -> from.index().refused(PROCESSOR, "it has no " + file)));
    config.ignore("feature_extractor_type", "image_processor_type", "do_convert_rgb");
    config.ignore("_valid_processor_keys", "processor_class");
    for (String step : List.of("do_center_crop", "do_normalize", "do_rescale", "do_resize")) {
      config.only(step, true);
    }
    config.only("resample", 3); // cubic
    double factor = config.number("rescale_factor", 1 / 255.0);
    if (Math.abs(factor * 255 - 1) > 1e-6) {
      throw config.refused("rescale_factor", "it must be 1/255");
    }
    int side = side(config, "size", "shortest_edge");
    if (side(config, "crop_size", "height") != side) {
      throw config.refused("crop_size", "it must be that of size");
    }
    FirstFrame.Vision vision =
        new FirstFrame.Vision(
            ENCODER,
            side,
            config.numbers("image_mean", MEANS),
            config.numbers("image_std", DEVIATIONS));
    config.close();
    return vision;
  }

  /** A number of pixels, or an object that holds it. */
  private static int side(PublishedConfig config, String key, String within) {
    JsonNode said = config.value(key);
    if (said == null) {
      return 224;
    }
    JsonNode pixels = said.isInt() ? said : said.path(within);
    if (!pixels.isInt() || (said.has("width") && !said.path("width").equals(pixels))) {
      throw config.refused(key, "it must be one number of pixels, or its " + within);
    }
    return pixels.intValue();
  }

  /** The architecture of a transformer of the pipeline. */
  String architecture(PublishedFolder from, String component) {
    return from.className(component) + (needed() ? ".begun" : "");
  }

  /**
   * Checks that the transformer reads latents, and the picture's where it is given those.
   *
   * @throws glimt.bundle.BundleException if it has other channels
   */
  void checkChannels(PublishedConfig transformer, PublishedConfig vae) {
    int latents = vae.integer("z_dim", 16);
    int mask = vae.integer("scale_factor_temporal", 4);
    int taken = transformer.integer("in_channels", 16);
    int given = needed() ? 2 * latents + mask : latents;
    if (taken != given) {
      throw transformer.refused(
          "in_channels", "it takes %s, and is given %s".formatted(taken, given));
    }
  }
}
