package glimt.published;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the authors of latent diffusion call the modules of diffusers' {@code UNet2DConditionModel}
 * (Rombach et al. 2022), as trainers of LoRA for Stable Diffusion XL do: one row of input blocks
 * and one of output blocks, counted over all resolutions.
 */
final class LdmUnetNames {
  private static final Pattern LAYER =
      Pattern.compile(
          "(down|up)_blocks\\.(\\d+)\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d+)\\.(.*)");
  private static final Pattern MIDDLE =
      Pattern.compile("mid_block\\.(resnets|attentions)\\.(\\d+)\\.(.*)");

  private static final Map<String, String> OUTSIDE =
      Map.of(
          "time_embedding.linear_1", "time_embed.0",
          "time_embedding.linear_2", "time_embed.2",
          "add_embedding.linear_1", "label_emb.0.0",
          "add_embedding.linear_2", "label_emb.0.2",
          "conv_in", "input_blocks.0.0",
          "conv_norm_out", "out.0",
          "conv_out", "out.2");

  /** How many residual blocks each block has, and whether one attends, by the block's name. */
  private final Map<String, Integer> resnets = new HashMap<>();

  private final Map<String, Boolean> attends = new HashMap<>();

  /**
   * @param tensors of the network, under diffusers' names
   */
  LdmUnetNames(Set<String> tensors) {
    for (String name : tensors) {
      Matcher layer = LAYER.matcher(name);
      if (layer.matches()) {
        String block = layer.group(1) + layer.group(2);
        if (layer.group(3).equals("resnets")) {
          resnets.merge(block, Integer.parseInt(layer.group(4)) + 1, Math::max);
        }
        attends.merge(block, layer.group(3).equals("attentions"), Boolean::logicalOr);
      }
    }
  }

  /** The name of a module; its own where it is none of this network's. */
  String of(String module) {
    Matcher middle = MIDDLE.matcher(module);
    if (middle.matches()) {
      boolean attention = middle.group(1).equals("attentions");
      int place = attention ? 1 : 2 * Integer.parseInt(middle.group(2));
      return "middle_block.%s.%s"
          .formatted(place, attention ? middle.group(3) : resnet(middle.group(3)));
    }
    Matcher layer = LAYER.matcher(module);
    if (!layer.matches()) {
      return OUTSIDE.getOrDefault(module, module);
    }
    boolean down = layer.group(1).equals("down");
    int block = Integer.parseInt(layer.group(2));
    int first = down ? 1 : 0;
    for (int i = 0; i < block; i++) { // all but the last go over to the next resolution
      first += resnets.getOrDefault(layer.group(1) + i, 0) + (down ? 1 : 0);
    }
    int number = Integer.parseInt(layer.group(4));
    String here = layer.group(1) + block;
    int last = resnets.getOrDefault(here, 0);
    String rest = layer.group(5);
    String row = down ? "input_blocks" : "output_blocks";
    return switch (layer.group(3)) {
      case "resnets" -> "%s.%s.0.%s".formatted(row, first + number, resnet(rest));
      case "attentions" -> "%s.%s.1.%s".formatted(row, first + number, rest);
      case "downsamplers" -> "%s.%s.0.op".formatted(row, first + last);
      default -> // after the last residual block, and the attention if there is one
          "%s.%s.%s.%s"
              .formatted(row, first + last - 1, attends.getOrDefault(here, false) ? 2 : 1, rest);
    };
  }

  private static String resnet(String module) {
    for (Map.Entry<String, String> layer : OriginalUnet.RESNET.entrySet()) {
      if (layer.getValue().equals(module)) {
        return layer.getKey();
      }
    }
    return module;
  }
}
