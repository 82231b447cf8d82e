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
 * The codec of Wan 2.1 as its authors name it: both halves are rows of residual blocks and
 * resamplers, where diffusers counts the decoder's by resolution.
 */
final class OriginalWanAutoencoder {
  private static final Map<String, String> RESNET =
      Map.of(
          "residual.0", "norm1",
          "residual.2", "conv1",
          "residual.3", "norm2",
          "residual.6", "conv2",
          "shortcut", "conv_shortcut");

  private final OriginalTensors file;
  private final Map<String, String> places = new HashMap<>();

  /** Of the encoder's residual blocks, by resolution, and whether what follows slows time. */
  private final List<List<Long>> widths = new ArrayList<>(List.of(new ArrayList<>()));

  private final List<Boolean> slower = new ArrayList<>();

  OriginalWanAutoencoder(OriginalTensors file) {
    this.file = file;
    places.put("conv1", "quant_conv");
    places.put("conv2", "post_quant_conv");
    for (String half : List.of("encoder", "decoder")) {
      places.put(half + ".conv1", half + ".conv_in");
      places.put(half + ".head.0", half + ".norm_out");
      places.put(half + ".head.2", half + ".conv_out");
      places.put(half + ".middle.1", half + ".mid_block.attentions.0");
      resnet(half + ".middle.0", half + ".mid_block.resnets.0");
      resnet(half + ".middle.2", half + ".mid_block.resnets.1");
    }
    encoder();
    decoder();
  }

  private void encoder() {
    for (int i = 0; i < file.count("encoder.downsamples."); i++) {
      String at = "encoder.downsamples." + i;
      if (file.has(at + ".resample.1.weight")) {
        places.put(at, "encoder.down_blocks." + i);
        slower.add(file.has(at + ".time_conv.weight"));
        widths.add(new ArrayList<>());
      } else {
        resnet(at, "encoder.down_blocks." + i);
        widths.getLast().add(file.shape(at + ".residual.6.weight").getFirst());
      }
    }
  }

  private void decoder() {
    int block = 0;
    int resnets = 0;
    for (int i = 0; i < file.count("decoder.upsamples."); i++) {
      String at = "decoder.upsamples." + i;
      if (file.has(at + ".resample.1.weight")) {
        places.put(at, "decoder.up_blocks.%s.upsamplers.0".formatted(block++));
        resnets = 0;
      } else {
        resnet(at, "decoder.up_blocks.%s.resnets.%s".formatted(block, resnets++));
      }
    }
  }

  private void resnet(String at, String published) {
    RESNET.forEach((from, to) -> places.put(at + "." + from, published + "." + to));
  }

  /** Where its tensors are in the file, by their names in diffusers. */
  Map<String, Origin> origins() {
    return file.origins(places);
  }

  /** Its configuration; by which numbers latents are normalised is the same for all of Wan 2.1. */
  ObjectNode config() {
    long base = file.shape("encoder.conv1.weight").getFirst();
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "AutoencoderKLWan");
    config.put("base_dim", base);
    config.put("z_dim", file.shape("conv2.weight").getFirst());
    config.put("num_res_blocks", widths.getFirst().size());
    ArrayNode multiples = config.putArray("dim_mult");
    for (List<Long> level : widths) {
      multiples.add(level.getLast() / base);
    }
    slower.forEach(config.putArray("temperal_downsample")::add);
    return config;
  }
}
