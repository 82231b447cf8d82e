package glimt.published;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.json.Json;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Point-E's transformers over the points of a cloud (Nichol et al. 2022). What conditions one is a
 * token beside the points, or added to each of them.
 *
 * <p>Ports {@code x} [B, points, channels] and {@code noise} [B], an index of 0 to 1023; then, as
 * the class has them:
 *
 * <ul>
 *   <li>{@code embeddings} [B, features], CLIP's vector of unit length for a text or an image, or
 *       [B, places, features], its grid for an image; zeros are no condition;
 *   <li>{@code low_res} [B, fewer points, channels], the cloud to refine, in world units: metres
 *       and colours of 0 to 255.
 * </ul>
 *
 * <p>It answers [B, points, 2 channels]: the noise, then what the variance is between bounds.
 *
 * <p>As a {@linkplain #level level} of a hierarchy it answers the noise alone, takes {@code
 * low_res} in its own units, and has no port for a grid, since it sees no image.
 */
final class PointTransformer {
  /** Published under five names that differ in what conditions the points. */
  private enum PointNetwork {
    PointDiffusionTransformer,
    CLIPImagePointDiffusionTransformer,
    CLIPImageGridPointDiffusionTransformer,
    UpsamplePointDiffusionTransformer,
    CLIPImageGridUpsamplePointDiffusionTransformer;

    boolean vector() {
      return this == CLIPImagePointDiffusionTransformer;
    }

    boolean grid() {
      return name().startsWith("CLIPImageGrid");
    }

    boolean refines() {
      return name().contains("Upsample");
    }
  }

  /** All published sizes have heads as wide as this. */
  private static final int HEAD = 64;

  /** How many places a side of CLIP's grid has: ViT-L/14 sees images of 224 pixels. */
  private static final int GRID = 16;

  private PointTransformer() {}

  /**
   * The network of a configuration as Point-E's code holds them, whose key {@code name} is the
   * class.
   */
  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    ignore(config);
    config.ignore("grid_size"); // the grid comes by a port
    return new PublishedNetwork(source(config, false));
  }

  /** The same as a level of a hierarchy that a text conditions, if anything does. */
  static PublishedNetwork level(PublishedConfig config, Set<String> tensors) {
    ignore(config);
    if (kind(config).refines() && !config.has("channel_scales")) {
      throw config.refused("channel_scales", "it must be there: the network would see other units");
    }
    config.ignore("grid_size", "channel_scales", "channel_biases");
    return new PublishedNetwork(
        source(config, true), Map.of(), Pattern.compile("channel_scales|channel_biases"));
  }

  private static void ignore(PublishedConfig config) {
    config.ignore("cond_drop_prob", "init_scale", "n_ctx", "cond_ctx", "cache_dir");
    config.ignore("input_channels", "output_channels", "cond_input_channels");
    config.only("frozen_clip", true);
  }

  /**
   * The configuration of a published file: the files hold tensors alone, and Point-E's code knows
   * their sizes by name, which all follow from the tensors' shapes.
   *
   * @param file named in errors
   * @throws glimt.bundle.BundleException if the tensors are none of Point-E's
   */
  static PublishedConfig config(String file, Safetensors tensors) {
    Set<String> names = tensors.tensors().keySet();
    boolean grid = names.contains("clip_embed.1.weight");
    boolean vector = names.contains("clip_embed.weight");
    PointNetwork kind =
        names.contains("cond_point_proj.weight")
            ? grid
                ? PointNetwork.CLIPImageGridUpsamplePointDiffusionTransformer
                : PointNetwork.UpsamplePointDiffusionTransformer
            : grid
                ? PointNetwork.CLIPImageGridPointDiffusionTransformer
                : vector
                    ? PointNetwork.CLIPImagePointDiffusionTransformer
                    : PointNetwork.PointDiffusionTransformer;
    int layers = 0;
    while (names.contains("backbone.resblocks.%s.ln_1.weight".formatted(layers))) {
      layers++;
    }
    Tensor enter = tensors.get("input_proj.weight");
    long width = enter.shape().getFirst();
    ObjectNode config = Json.mapper().createObjectNode();
    config.put("name", kind.name());
    config.put("layers", layers);
    config.put("width", width);
    config.put("heads", Math.max(1, width / HEAD));
    config.put("input_channels", enter.shape().getLast());
    config.put("output_channels", tensors.get("output_proj.weight").shape().getFirst());
    config.put("time_token_cond", true);
    if (vector) {
      config.put("token_cond", true);
    }
    for (String buffer : List.of("channel_scales", "channel_biases")) {
      if (names.contains(buffer)) {
        ArrayNode values = config.putArray(buffer);
        for (float value : tensors.get(buffer).floats()) {
          values.add(value);
        }
      }
    }
    return PublishedConfig.of(file, config);
  }

  private static PointNetwork kind(PublishedConfig config) {
    String name = config.text("name", "");
    for (PointNetwork kind : PointNetwork.values()) {
      if (kind.name().equals(name)) {
        return kind;
      }
    }
    throw config.refused("name", "it must be one of " + List.of(PointNetwork.values()));
  }

  private static String source(PublishedConfig config, boolean level) {
    PointNetwork kind = kind(config);
    int layers = config.integer("layers", 12);
    int heads = config.integer("heads", 8);
    int width = config.integer("width", 512);
    boolean converts = kind.refines() && !level;
    int scales = converts ? config.numbers("channel_scales", List.of()).size() : 0;
    int biases = converts ? config.numbers("channel_biases", List.of()).size() : 0;

    SourceWriter writer = new SourceWriter();
    String backbone =
        writer
            .module("Backbone", "")
            .hasList("resblocks", Collections.nCopies(layers, "PointBlock"))
            .forward("", "");
    SourceWriter.Module root = writer.module("Network", "").has("precision", "int");
    if (scales > 0) {
      root.has("channel_scales", "Tensor  # [%s]".formatted(scales));
    }
    if (biases > 0) {
      root.has("channel_biases", "Tensor  # [%s]".formatted(biases));
    }
    root.has("time_embed", "PointMlp")
        .has("ln_pre", "LayerNorm")
        .has("backbone", backbone)
        .has("ln_post", "LayerNorm")
        .has("input_proj", "Linear")
        .has("output_proj", "Linear");
    root.does("z = self.input_proj.forward(torch.to(x, self.precision))");

    List<String> tokens = new ArrayList<>();
    root.does("time = torch.to(time_waves(noise, %s, True, 0., 10000.), self.precision)", width);
    String time = "torch.unsqueeze(self.time_embed.forward(time), 1)";
    String vector = "";
    if (kind.vector()) {
      root.has("clip_embed", "Linear")
          .does("scale = torch.sqrt(torch.size(embeddings, 1)) # to unit variance")
          .does("clip = torch.to(embeddings * scale, self.precision)");
      vector = "torch.unsqueeze(self.clip_embed.forward(clip), 1)";
      if (config.flag("token_cond", false)) {
        tokens.add(vector);
      } else {
        root.does("z = z + " + vector);
      }
    }
    if (config.flag("time_token_cond", false)) {
      tokens.add(time);
    } else {
      root.does("z = z + " + time);
    }
    if (kind.grid()) {
      String list =
          writer
              .module("GridEmbedding", "")
              .has("_0", "LayerNorm")
              .has("_1", "Linear")
              .does("return self._1.forward(self._0.forward(z, 1e-05))")
              .forward("z: Tensor", "Tensor");
      root.has("clip_embed", list);
      if (level) {
        int side = config.integer("grid_size", GRID);
        root.does("features = torch.size(self.clip_embed._0.weight, 0)")
            .does("places = [torch.size(x, 0), %s, features]", side * side)
            .does("embeddings = torch.zeros(places, device=ops.prim.device(x)) # no image");
      }
      tokens.add("self.clip_embed.forward(torch.to(embeddings, self.precision))");
    }
    if (kind.refines()) {
      root.has("cond_point_proj", "Linear").does("low = low_res");
      if (scales > 0) {
        root.does("low = low * torch.to(self.channel_scales, 6)");
      }
      if (biases > 0) {
        root.does("low = low + torch.to(self.channel_biases, 6)");
      }
      tokens.add("self.cond_point_proj.forward(torch.to(low, self.precision))");
    }
    if (!tokens.isEmpty()) {
      root.does("z = torch.cat([%s, z], 1)", String.join(", ", tokens));
    }
    root.does("z = self.ln_pre.forward(z, 1e-05)");
    for (int i = 0; i < layers; i++) {
      root.does("z = self.backbone.resblocks._%s.forward(z, %s)", i, heads);
    }
    root.does("z = self.ln_post.forward(z, 1e-05)");
    if (!tokens.isEmpty()) {
      root.does("n = torch.size(x, 1)").does("z = torch.narrow(z, 1, torch.size(z, 1) - n, n)");
    }
    root.does("h = torch.to(self.output_proj.forward(z), 6)")
        .does(level ? "return torch.narrow(h, -1, 0, torch.size(x, -1))" : "return h");
    root.forward(
        "x: Tensor, noise: Tensor"
            + (kind.vector() || (kind.grid() && !level) ? ", embeddings: Tensor" : "")
            + (kind.refines() ? ", low_res: Tensor" : ""),
        "Tensor");
    return writer.text(
        """
        Point-E's transformer over the points of a cloud (Nichol et al. 2022).

          x [B, points, channels] float32, noise [B] float32 -> %s
        """
            .formatted(
                level
                    ? "[B, points, channels] float32: the noise"
                    : "[B, points, 2 channels] float32: noise, variance"));
  }
}
