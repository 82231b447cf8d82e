package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.published.UnetBlocks.Attending;
import glimt.published.UnetBlocks.Block;
import glimt.published.UnetBlocks.Resizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The U-Net of Stable Diffusion, Stable Diffusion XL, DeepFloyd IF and their like (Rombach et al.
 * 2022; Podell et al. 2023; Saharia et al. 2022), as diffusers' {@code UNet2DConditionModel}
 * publishes it.
 *
 * <p>Ports {@code x} [B, c, height, width] and {@code noise} [B], the timestep, which may be
 * fractional; {@code encoder_hidden_states} [B, tokens, d]; and as the configuration wants, {@code
 * class_labels}, {@code text_embeds}, {@code time_ids}, {@code image_embeds}, {@code
 * timestep_cond}.
 */
final class Unet2dCondition {
  private static final List<String> CLASSES =
      List.of("timestep", "identity", "projection", "simple_projection");

  /** GLIGEN's attends to boxes besides (Li et al. 2023), and without boxes is as any other. */
  private static final Set<String> ATTENTIONS = Set.of("default", "gated", "gated-text-image");

  private static final Pattern OF_BOXES = Pattern.compile("position_net\\..*|.*\\.fuser\\..*");

  /** How many layers transformers have. */
  private static final String DEPTHS = "transformer_layers_per_block";

  private final PublishedConfig config;
  private final SourceWriter writer = new SourceWriter();
  private final List<Integer> widths;
  private final List<Integer> heads;
  private final List<Integer> layers;
  private final List<Boolean> onlyCross;
  private final boolean middleOnlyCross;
  private final String textNorm;
  private final int groups;
  private final double eps;
  private final Activation act;
  private final Resnets plain;
  private final Resnets simple;
  private final CrossAttentions cross;
  private boolean told;

  private Unet2dCondition(PublishedConfig config) {
    this.config = config;
    widths = config.integers("block_out_channels", List.of(320, 640, 1280, 1280));
    heads = perBlock("attention_head_dim", 8);
    layers = perBlock("layers_per_block", 2);
    JsonNode only = config.value("only_cross_attention");
    boolean onlyForAll = only != null && only.isBoolean() && only.booleanValue();
    onlyCross =
        only == null || only.isBoolean()
            ? Collections.nCopies(widths.size(), onlyForAll)
            : ofBlocks("only_cross_attention", config.flags("only_cross_attention", List.of()));
    middleOnlyCross = config.flag("mid_block_only_cross_attention", onlyForAll);
    textNorm = config.text("cross_attention_norm", "");
    if (!List.of("", "layer_norm", "group_norm").contains(textNorm)) {
      throw config.refused("cross_attention_norm", "it must be layer_norm or group_norm");
    }
    groups = Resnets.groups(config);
    eps = config.number("norm_eps", 1e-5);
    act = Activation.of(config, "act_fn", "silu");
    plain = new Resnets(writer, groups, eps, act, Resnets.Time.of(config), false, 1);
    simple =
        plain.with(
            config.flag("resnet_skip_time_act", false),
            config.number("resnet_out_scale_factor", 1));
    cross = new CrossAttentions(writer, groups);
    config.only("num_attention_heads", null); // diffusers refuses it as well
    if (!ATTENTIONS.contains(config.text("attention_type", "default"))) {
      throw config.refused("attention_type", "only %s are implemented".formatted(ATTENTIONS));
    }
    config.only("dual_cross_attention", false); // nor does diffusers run it any more
    // The tensors have these sizes and shapes, pictures have any size, and attention weighs in
    // float32 where it is computed.
    config.ignore("in_channels", "out_channels", "cross_attention_dim", "time_embedding_dim");
    config.ignore("sample_size", "dropout", "use_linear_projection", "upcast_attention");
  }

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    return of(config, tensors, List.of(), "x");
  }

  /**
   * A U-Net whose {@code timestep_cond} is made of the weight of guidance, at port {@code guidance}
   * [B], less 1 (Meng et al. 2023).
   */
  static PublishedNetwork told(PublishedConfig config, Set<String> tensors) {
    Unet2dCondition unet = new Unet2dCondition(config);
    unet.told = true;
    return unet.written(tensors, List.of(), "x");
  }

  /** A U-Net of {@code picture}, which is made of {@code x} and the ports {@code more}. */
  static PublishedNetwork of(
      PublishedConfig config, Set<String> tensors, List<String> more, String picture) {
    return new Unet2dCondition(config).written(tensors, more, picture);
  }

  private PublishedNetwork written(Set<String> tensors, List<String> more, String picture) {
    boolean boxes = !config.text("attention_type", "default").equals("default");
    String source = source(more, picture);
    return new PublishedNetwork(
        source,
        Attention2dNames.origins(source, tensors),
        boxes ? OF_BOXES : PublishedNetwork.NONE);
  }

  private String source(List<String> more, String picture) {
    List<Block> down = down();
    Block middle = middle();
    List<Block> up = up();
    SourceWriter.Module root = writer.module("Network", "").has("precision", "int");
    List<String> ports = new ArrayList<>(List.of("x", "noise"));
    ports.addAll(more);
    UnetEmbeddings embeddings = new UnetEmbeddings(config, writer, root, ports, widths.getFirst());
    if (told) {
      embeddings.tellGuidance();
    }
    UnetAdditions additions = new UnetAdditions(config, writer, root, ports, embeddings);
    additions.begin();
    embeddings.time(act, false);
    embeddings.labels(CLASSES, act, config.flag("class_embeddings_concat", false));
    additions.addition();
    if (config.has("time_embedding_act_fn")) {
      root.does("time = %s", Activation.of(config, "time_embedding_act_fn", "").of("time"));
    }
    additions.tokens();

    int in = config.integer("conv_in_kernel", 3);
    int out = config.integer("conv_out_kernel", 3);
    root.does("z = torch.to(%s, self.precision)", picture);
    if (config.flag("center_input_sample", false)) {
      root.does("z = 2 * z - 1");
    }
    root.has("conv_in", "Conv2d")
        .does("z = self.conv_in.forward(z, 1, %s)", (in - 1) / 2)
        .does("skips = [z]");
    UnetBlocks.call(root, "down_blocks", down);
    if (!middle.type().isEmpty()) {
      root.has("mid_block", middle.type())
          .does("z = self.mid_block.forward(z%s)", middle.arguments());
    }
    UnetBlocks.call(root, "up_blocks", up);
    String normed =
        "self.conv_norm_out.forward(z, %s, %s)".formatted(groups, SourceWriter.number(eps));
    root.has("conv_norm_out", "GroupNorm")
        .has("conv_out", "Conv2d")
        .does("z = self.conv_out.forward(%s, 1, %s)", act.of(normed), (out - 1) / 2)
        .does("return torch.to(z, 6)")
        .forward(UnetBlocks.parameters(ports), "Tensor");
    return writer.text(
        """
        A U-Net that looks at a text (Rombach et al. 2022).

          x [B, c, height, width], noise [B] the timestep, encoder_hidden_states [B, tokens, d] -> [B, c, height, width]
        """);
  }

  // ---- blocks

  private List<Block> down() {
    int padding = config.integer("downsample_padding", 1);
    List<List<Integer>> depths = depths(DEPTHS);
    List<String> types =
        ofBlocks(
            "down_block_types",
            config.texts(
                "down_block_types",
                List.of(
                    "CrossAttnDownBlock2D",
                    "CrossAttnDownBlock2D",
                    "CrossAttnDownBlock2D",
                    "DownBlock2D")));
    List<Block> blocks = new ArrayList<>();
    int from = widths.getFirst();
    for (int i = 0; i < types.size(); i++) {
      int to = widths.get(i);
      int count = layers.get(i);
      String name = types.get(i).replaceFirst("^UNetRes", "");
      Attending attending =
          switch (name) {
            case "DownBlock2D", "ResnetDownsampleBlock2D" -> Attending.NONE;
            case "AttnDownBlock2D" -> Attending.places(count, groups, eps, to / heads.get(i), 1);
            case "CrossAttnDownBlock2D" ->
                transformers(count, depths.get(i), heads.get(i), onlyCross.get(i));
            case "SimpleCrossAttnDownBlock2D" -> simple(count, to / heads.get(i), onlyCross.get(i));
            default -> throw config.refused("down_block_types", name + " is not implemented");
          };
      Resnets resnets = isSimple(name) ? simple : plain;
      Resizer resizer =
          i == types.size() - 1
              ? Resizer.NONE
              : isSimple(name)
                  ? UnetBlocks.halvedByResnet(resnets, to)
                  : UnetBlocks.halved(resnets, padding);
      blocks.add(UnetBlocks.down(resnets, name, count, from, to, attending, resizer));
      from = to;
    }
    return blocks;
  }

  private Block middle() {
    int last = widths.size() - 1;
    int width = widths.getLast();
    double divisor = config.number("mid_block_scale_factor", 1);
    String name =
        config.isNull("mid_block_type")
            ? ""
            : config.text("mid_block_type", "UNetMidBlock2DCrossAttn");
    Attending attending =
        switch (name) {
          case "" -> Attending.NONE;
          case "UNetMidBlock2D" -> Attending.NONE;
          case "UNetMidBlock2DCrossAttn" ->
              transformers(1, depths(DEPTHS).get(last), heads.get(last), false);
          case "UNetMidBlock2DSimpleCrossAttn" ->
              simple(1, width / heads.get(last), middleOnlyCross);
          default -> throw config.refused("mid_block_type", "it is not implemented");
        };
    if (name.isEmpty()) {
      return new Block("", "");
    }
    Resnets resnets = plain.with(isSimple(name) && simple.bareTime(), divisor);
    return UnetBlocks.middle(resnets, name, width, attending);
  }

  private List<Block> up() {
    List<List<Integer>> depths =
        config.value("reverse_" + DEPTHS) == null
            ? depths(DEPTHS).reversed()
            : depths("reverse_" + DEPTHS);
    List<String> types =
        ofBlocks(
            "up_block_types",
            config.texts(
                "up_block_types",
                List.of(
                    "UpBlock2D",
                    "CrossAttnUpBlock2D",
                    "CrossAttnUpBlock2D",
                    "CrossAttnUpBlock2D")));
    List<Block> blocks = new ArrayList<>();
    int before = widths.getLast();
    for (int i = 0; i < types.size(); i++) {
      int mirrored = types.size() - 1 - i;
      int to = widths.get(mirrored);
      int below = widths.get(Math.max(0, mirrored - 1));
      int count = layers.get(mirrored) + 1;
      String name = types.get(i).replaceFirst("^UNetRes", "");
      // Heads by their size are not mirrored: diffusers counts them from the first block here too.
      Attending attending =
          switch (name) {
            case "UpBlock2D", "ResnetUpsampleBlock2D" -> Attending.NONE;
            case "AttnUpBlock2D" -> Attending.places(count, groups, eps, to / heads.get(i), 1);
            case "CrossAttnUpBlock2D" ->
                transformers(count, depths.get(i), heads.get(mirrored), onlyCross.get(mirrored));
            case "SimpleCrossAttnUpBlock2D" ->
                simple(count, to / heads.get(i), onlyCross.get(mirrored));
            default -> throw config.refused("up_block_types", name + " is not implemented");
          };
      Resnets resnets = isSimple(name) ? simple : plain;
      Resizer resizer =
          i == types.size() - 1
              ? Resizer.NONE
              : isSimple(name)
                  ? UnetBlocks.doubledByResnet(resnets, to)
                  : UnetBlocks.enlarged(resnets);
      blocks.add(UnetBlocks.up(resnets, name, count, before, to, below, attending, resizer));
      before = to;
    }
    return blocks;
  }

  /** Whether a block is of those that came with DeepFloyd IF. */
  private static boolean isSimple(String name) {
    return name.contains("Simple") || name.startsWith("Resnet");
  }

  private Attending transformers(int count, List<Integer> depths, int heads, boolean onlyCross) {
    if (depths.size() > 1 && depths.size() < count) {
      throw config.refused(
          DEPTHS,
          "a block has %s transformers; those of up blocks stand in reverse_%s"
              .formatted(count, DEPTHS));
    }
    List<String> types = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int layers = depths.size() == 1 ? depths.getFirst() : depths.get(i);
      types.add(cross.transformer(layers, heads, onlyCross));
    }
    return Attending.text(types);
  }

  private Attending simple(int count, int heads, boolean onlyCross) {
    return Attending.text(Collections.nCopies(count, cross.simple(heads, onlyCross, textNorm)));
  }

  // ---- settings by block

  private List<Integer> perBlock(String key, int otherwise) {
    return ofBlocks(key, config.integers(key, Collections.nCopies(widths.size(), otherwise)));
  }

  /** The layers of transformers: for each block one number, or one for each of its transformers. */
  private List<List<Integer>> depths(String key) {
    JsonNode value = config.value(key);
    List<List<Integer>> depths = new ArrayList<>();
    if (value == null || value.isInt()) {
      return Collections.nCopies(widths.size(), List.of(value == null ? 1 : value.intValue()));
    }
    for (JsonNode block : value) {
      List<Integer> each = new ArrayList<>();
      for (JsonNode depth : block.isArray() ? block : List.of(block)) {
        each.add(depth.intValue());
      }
      depths.add(each);
    }
    return ofBlocks(key, depths);
  }

  private <T> List<T> ofBlocks(String key, List<T> values) {
    if (values.size() != widths.size()) {
      throw config.refused(key, "block_out_channels has %s entries".formatted(widths.size()));
    }
    return values;
  }
}
