package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.BundleException;
import glimt.bundle.Origin;
import glimt.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The U-Net of Stable Diffusion as its authors' code names it (Rombach et al. 2022): a row of input
 * blocks, each a residual block, a residual block with a transformer, or a halving; and a row of
 * output blocks. Where a row changes its resolution, and how deep its transformers are, is read
 * from the names.
 */
final class OriginalUnet {
  static final String PREFIX = "model.diffusion_model.";

  /** What diffusers calls the modules of a residual block. */
  static final Map<String, String> RESNET =
      Map.of(
          "in_layers.0", "norm1",
          "in_layers.2", "conv1",
          "emb_layers.1", "time_emb_proj",
          "out_layers.0", "norm2",
          "out_layers.3", "conv2",
          "skip_connection", "conv_shortcut");

  /** Height and width of the original, of the crop's corner, and of what is to be seen. */
  private static final int SIZES = 6;

  /** Blocks of one resolution: the depth of each one's transformer, 0 for none. */
  private record Stage(int width, List<Integer> depths) {
    boolean attends() {
      return depths.stream().anyMatch(depth -> depth > 0);
    }

    /** One depth for all, or one for each. */
    Object depth(int otherwise) {
      List<Integer> kinds = depths.stream().distinct().toList();
      return kinds.size() > 1 ? depths : attends() ? kinds.getFirst() : otherwise;
    }
  }

  private final OriginalTensors file;
  private final Map<String, String> places = new HashMap<>();
  private final List<Stage> down = new ArrayList<>();
  private final List<Stage> up = new ArrayList<>();
  private final int middle;

  OriginalUnet(OriginalTensors all) {
    file = all.below(PREFIX);
    places.put("time_embed.0", "time_embedding.linear_1");
    places.put("time_embed.2", "time_embedding.linear_2");
    places.put("label_emb.0.0", "add_embedding.linear_1");
    places.put("label_emb.0.2", "add_embedding.linear_2");
    places.put("input_blocks.0.0", "conv_in");
    places.put("out.0", "conv_norm_out");
    places.put("out.2", "conv_out");
    down();
    resnet("middle_block.0", "mid_block.resnets.0");
    places.put("middle_block.1", "mid_block.attentions.0");
    middle = depth("middle_block.1");
    resnet("middle_block.2", "mid_block.resnets.1");
    up();
  }

  /** Where its tensors are in the file, by their names in diffusers. */
  Map<String, Origin> origins() {
    return file.origins(places);
  }

  private void down() {
    List<Integer> depths = new ArrayList<>();
    int width = 0;
    for (int n = 1; file.below("input_blocks.%s.".formatted(n)).any(); n++) {
      String at = "input_blocks." + n;
      if (file.has(at + ".0.op.weight")) {
        places.put(at + ".0.op", "down_blocks.%s.downsamplers.0.conv".formatted(down.size()));
        down.add(new Stage(width, List.copyOf(depths)));
        depths.clear();
      } else {
        width = Math.toIntExact(file.shape(at + ".0.out_layers.3.weight").getFirst());
        depths.add(layer(at, "down_blocks.%s".formatted(down.size()), depths.size()));
      }
    }
    down.add(new Stage(width, List.copyOf(depths)));
  }

  private void up() {
    List<Integer> depths = new ArrayList<>();
    int width = 0;
    for (int n = 0; file.below("output_blocks.%s.".formatted(n)).any(); n++) {
      String at = "output_blocks." + n;
      String block = "up_blocks.%s".formatted(up.size());
      width = Math.toIntExact(file.shape(at + ".0.out_layers.3.weight").getFirst());
      depths.add(layer(at, block, depths.size()));
      for (String enlarging : List.of(at + ".1.conv", at + ".2.conv")) {
        if (file.has(enlarging + ".weight")) {
          places.put(enlarging, block + ".upsamplers.0.conv");
          up.add(new Stage(width, List.copyOf(depths)));
          depths.clear();
        }
      }
    }
    up.add(new Stage(width, List.copyOf(depths)));
  }

  /** A residual block and what follows it; answers the depth of its transformer. */
  private int layer(String at, String block, int number) {
    resnet(at + ".0", "%s.resnets.%s".formatted(block, number));
    int depth = depth(at + ".1");
    if (depth > 0) {
      places.put(at + ".1", "%s.attentions.%s".formatted(block, number));
    }
    return depth;
  }

  private void resnet(String at, String published) {
    RESNET.forEach((from, to) -> places.put(at + "." + from, published + "." + to));
  }

  private int depth(String transformer) {
    return file.count(transformer + ".transformer_blocks.");
  }

  // ---- the configuration

  /**
   * Its configuration, but for what its conditions add.
   *
   * @param headSize of each head; 0 if every attention has eight heads
   * @throws BundleException naming a size that the published models do not have
   */
  ObjectNode config(int headSize) {
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("_class_name", "UNet2DConditionModel");
    config.put("in_channels", file.shape("input_blocks.0.0.weight").get(1));
    config.put("out_channels", file.shape("out.2.weight").getFirst());
    ArrayNode widths = config.putArray("block_out_channels");
    ArrayNode heads =
        config.putArray("attention_head_dim"); // how many there are, whatever its name
    ArrayNode layers = config.putArray("layers_per_block");
    ArrayNode depths = config.putArray("transformer_layers_per_block");
    ArrayNode types = config.putArray("down_block_types");
    int divisor = headSize == 0 ? 8 : headSize;
    for (int i = 0; i < down.size(); i++) {
      Stage stage = down.get(i);
      int otherwise = i == down.size() - 1 ? middle : 1; // the last one's is the middle's too
      file.mustDivide("a width of the U-Net", stage.width, 32, divisor);
      widths.add(stage.width);
      heads.add(headSize == 0 ? 8 : stage.width / headSize);
      layers.add(stage.depths.size());
      depths.add(tree(stage.depth(otherwise)));
      types.add(stage.attends() ? "CrossAttnDownBlock2D" : "DownBlock2D");
    }
    Object last = down.getLast().depth(middle);
    if (!last.equals(middle)) {
      throw file.refused(
          "the middle of the U-Net has %s transformer layers, and the block before it %s"
              .formatted(middle, last));
    }
    ArrayNode upTypes = config.putArray("up_block_types");
    ArrayNode upDepths = Json.mapper().createArrayNode();
    boolean mirrored = true;
    for (int i = 0; i < up.size(); i++) {
      Stage stage = up.get(i);
      upTypes.add(stage.attends() ? "CrossAttnUpBlock2D" : "UpBlock2D");
      Object depth = stage.depth(1);
      upDepths.add(tree(depth));
      Object other = down.get(Math.max(0, down.size() - 1 - i)).depth(1);
      mirrored &= !stage.attends() || depth.equals(other);
    }
    if (!mirrored) {
      config.set("reverse_transformer_layers_per_block", upDepths);
    }
    config.put("cross_attention_dim", textWidth());
    config.put("use_linear_projection", file.shape("middle_block.1.proj_in.weight").size() == 2);
    config.put("norm_num_groups", 32);
    return config;
  }

  /** Tells a configuration of the sizes and the pooled text that Stable Diffusion XL adds. */
  void addSizes(ObjectNode config, long pooled) {
    long width = file.shape("label_emb.0.0.weight").get(1);
    config.put("addition_embed_type", "text_time");
    config.put("addition_time_embed_dim", (width - pooled) / SIZES);
    config.put("projection_class_embeddings_input_dim", width);
  }

  private static JsonNode tree(Object value) {
    return Json.mapper().valueToTree(value);
  }

  /** The width of the text's states. */
  private long textWidth() {
    return file.shape("middle_block.1.transformer_blocks.0.attn2.to_k.weight").get(1);
  }
}
