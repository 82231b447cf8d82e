package glimt.published;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Origin;
import glimt.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The codec of LTX-Video as its authors name it: both halves are a row of blocks, which are
 * residual ones, a resampler, or one that widens. Diffusers groups them: in the encoder a block
 * begins with residual ones, in the decoder it ends with them, and those in the middle stand alone.
 */
final class OriginalLtxAutoencoder {
  private static final String STATISTICS = "per_channel_statistics.";

  private final OriginalTensors all;
  private final OriginalTensors file;
  private final Map<String, String> places = new HashMap<>();

  /** How many residual blocks each group has, the middle's too, in the order of the file. */
  private final List<Integer> encoder = new ArrayList<>();

  private final List<Integer> decoder = new ArrayList<>();

  /** Whether the encoder's groups have something after them that widens, as 0.9.0's have. */
  private boolean widens;

  private final List<Long> widths = new ArrayList<>();

  OriginalLtxAutoencoder(OriginalTensors all) {
    this.all = all;
    file = all.without("per_channel_statistics\\..*");
    for (String half : List.of("encoder.", "decoder.")) {
      places.put(half + "conv_in", half + "conv_in");
      places.put(half + "conv_out", half + "conv_out");
    }
    places.put("decoder.last_time_embedder", "decoder.time_embedder");
    encoder();
    decoder();
  }

  private void encoder() {
    int count = file.count("encoder.down_blocks.");
    int group = -1;
    for (int i = 0; i < count; i++) {
      String at = "encoder.down_blocks." + i;
      if (file.below(at + ".res_blocks.").any()) {
        boolean middle = i == count - 1;
        group++;
        residual(at, middle ? "encoder.mid_block" : "encoder.down_blocks." + group);
        encoder.add(file.count(at + ".res_blocks."));
        if (!middle) {
          widths.add(file.shape(at + ".res_blocks.0.conv1.conv.weight").getFirst());
        }
      } else if (file.below(at + ".conv1.").any()) {
        widens = true;
        widening(at, "encoder.down_blocks.%s.conv_out".formatted(group));
      } else {
        places.put(at, "encoder.down_blocks.%s.downsamplers.0".formatted(group));
      }
    }
  }

  private void decoder() {
    int group = -1;
    for (int i = 0; i < file.count("decoder.up_blocks."); i++) {
      String at = "decoder.up_blocks." + i;
      if (file.below(at + ".res_blocks.").any()) {
        residual(at, i == 0 ? "decoder.mid_block" : "decoder.up_blocks." + ++group);
        decoder.add(file.count(at + ".res_blocks."));
      } else if (file.below(at + ".conv1.").any()) {
        widening(at, "decoder.up_blocks.%s.conv_in".formatted(group + 1));
      } else {
        places.put(at, "decoder.up_blocks.%s.upsamplers.0".formatted(group + 1));
      }
    }
  }

  private void residual(String at, String published) {
    for (int i = 0; i < file.count(at + ".res_blocks."); i++) {
      widening("%s.res_blocks.%s".formatted(at, i), "%s.resnets.%s".formatted(published, i));
    }
    places.put(at + ".time_embedder", published + ".time_embedder");
  }

  private void widening(String at, String published) {
    places.put(at, published);
    places.put(at + ".norm3.norm", published + ".norm3");
    places.put(at + ".conv_shortcut", published + ".conv_shortcut.conv");
  }

  /** Where its tensors are in the file, by their names in diffusers. */
  Map<String, Origin> origins() {
    Map<String, Origin> origins = new HashMap<>();
    String table = "decoder.last_scale_shift_table";
    String multiplier = "decoder.timestep_scale_multiplier";
    origins.putAll(file.without(table + "|" + multiplier).origins(places));
    if (file.has(table)) {
      origins.put("decoder.scale_shift_table", Origin.of(file.prefix() + table));
    }
    if (file.has(multiplier)) {
      origins.put(multiplier, Origin.of(file.prefix() + multiplier));
    }
    String statistics = file.prefix() + STATISTICS;
    origins.put("latents_mean", Origin.of(statistics + "mean-of-means"));
    origins.put("latents_std", Origin.of(statistics + "std-of-means"));
    return origins;
  }

  /**
   * The configuration of 0.9.0's codec.
   *
   * @throws glimt.bundle.BundleException if it is a later one's, whose file does not say all
   */
  ObjectNode config() {
    if (!widens || file.has("decoder.last_time_embedder.timestep_embedder.linear_1.weight")) {
      throw all.refused(
          "it is a codec of LTX-Video 0.9.1 or later, not all of whose settings are in its tensors: give --config FOLDER");
    }
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "AutoencoderKLLTXVideo");
    long patch = Math.round(Math.sqrt(file.shape("encoder.conv_in.conv.weight").get(1) / 3.0));
    config.put("patch_size", patch).put("patch_size_t", 1);
    config.put("in_channels", 3).put("out_channels", 3);
    config.put("latent_channels", file.shape("decoder.conv_in.conv.weight").get(1));
    numbers(config, "layers_per_block", encoder);
    // From the finest to the coarsest, and the middle last.
    List<Integer> fromFinest = new ArrayList<>(decoder.reversed());
    numbers(config, "decoder_layers_per_block", fromFinest);
    for (String key : List.of("block_out_channels", "decoder_block_out_channels")) {
      widths.forEach(config.putArray(key)::add);
    }
    for (String key : List.of("spatio_temporal_scaling", "decoder_spatio_temporal_scaling")) {
      ArrayNode scaling = config.putArray(key);
      for (int i = 0; i < widths.size(); i++) {
        scaling.add(i < widths.size() - 1);
      }
    }
    return config.put("timestep_conditioning", false).put("decoder_causal", false);
  }

  private static void numbers(ObjectNode config, String key, List<Integer> numbers) {
    numbers.forEach(config.putArray(key)::add);
  }
}
