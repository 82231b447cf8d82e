package glimt.published;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Origin;
import glimt.json.Json;
import java.util.HashMap;
import java.util.Map;

/**
 * The autoencoder of latent diffusion as its authors' code names it (Rombach et al. 2022). Its
 * decoder counts resolutions from the finest, and diffusers from the coarsest.
 */
final class OriginalAutoencoder {
  static final String PREFIX = "first_stage_model.";

  private final OriginalTensors file;
  private final int stages;

  OriginalAutoencoder(OriginalTensors all) {
    file = all.below(PREFIX).without("loss\\..*|model_ema\\..*");
    stages = file.count("decoder.up.");
  }

  /** Where its tensors are in the file, by their names in diffusers. */
  Map<String, Origin> origins() {
    Map<String, String> places = new HashMap<>();
    places.put("quant_conv", "quant_conv");
    places.put("post_quant_conv", "post_quant_conv");
    for (String half : new String[] {"encoder", "decoder"}) {
      places.put(half + ".conv_in", half + ".conv_in");
      places.put(half + ".conv_out", half + ".conv_out");
      places.put(half + ".norm_out", half + ".conv_norm_out");
      resnet(places, half + ".mid.block_1", half + ".mid_block.resnets.0");
      resnet(places, half + ".mid.block_2", half + ".mid_block.resnets.1");
      String attention = half + ".mid_block.attentions.0";
      places.put(half + ".mid.attn_1.norm", attention + ".group_norm");
      places.put(half + ".mid.attn_1.q", attention + ".to_q");
      places.put(half + ".mid.attn_1.k", attention + ".to_k");
      places.put(half + ".mid.attn_1.v", attention + ".to_v");
      places.put(half + ".mid.attn_1.proj_out", attention + ".to_out.0");
    }
    for (int i = 0; i < stages; i++) {
      stage(places, "encoder.down." + i, "encoder.down_blocks." + i, "downsample", "downsamplers");
      stage(
          places,
          "decoder.up." + i,
          "decoder.up_blocks." + (stages - 1 - i),
          "upsample",
          "upsamplers");
    }
    return file.origins(places);
  }

  private void stage(
      Map<String, String> places, String at, String published, String sampler, String samplers) {
    for (int i = 0; i < file.count(at + ".block."); i++) {
      resnet(places, "%s.block.%s".formatted(at, i), "%s.resnets.%s".formatted(published, i));
    }
    places.put("%s.%s.conv".formatted(at, sampler), "%s.%s.0.conv".formatted(published, samplers));
  }

  private static void resnet(Map<String, String> places, String at, String published) {
    for (String layer : new String[] {"norm1", "conv1", "norm2", "conv2"}) {
      places.put(at + "." + layer, published + "." + layer);
    }
    places.put(at + ".nin_shortcut", published + ".conv_shortcut");
  }

  /**
   * Its configuration.
   *
   * @param scaling what latents are multiplied by
   */
  ObjectNode config(double scaling) {
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "AutoencoderKL");
    config.put("in_channels", file.shape("encoder.conv_in.weight").get(1));
    config.put("out_channels", file.shape("decoder.conv_out.weight").getFirst());
    config.put("latent_channels", file.shape("decoder.conv_in.weight").get(1));
    ArrayNode widths = config.putArray("block_out_channels");
    ArrayNode down = config.putArray("down_block_types");
    ArrayNode up = config.putArray("up_block_types");
    for (int i = 0; i < stages; i++) {
      long width = file.shape("encoder.down.%s.block.0.conv2.weight".formatted(i)).getFirst();
      file.mustDivide("a width of the autoencoder", width, 32);
      widths.add(width);
      down.add("DownEncoderBlock2D");
      up.add("UpDecoderBlock2D");
    }
    config.put("layers_per_block", file.count("encoder.down.0.block."));
    config.put("norm_num_groups", 32);
    config.put("scaling_factor", scaling);
    return config;
  }
}
