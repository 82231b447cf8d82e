package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Stable Diffusion's authors call the tensors of diffusers: the way back from a folder to a
 * single file. Blocks are counted from the configuration.
 */
final class OriginalLayout {
  private static final Pattern LAYER =
      Pattern.compile("(\\w+_blocks)\\.(\\d+)\\.(\\w+)\\.(\\d+)\\.(.*)");
  private static final Pattern CLIP_LAYER =
      Pattern.compile("text_model\\.encoder\\.layers\\.(\\d+)\\.(.*)");

  private OriginalLayout() {}

  /** The tensors of a whole folder. */
  static Safetensors of(Path folder) {
    Map<String, Tensor> all = new TreeMap<>();
    JsonNode unet = GoldenCase.json(folder.resolve("unet/config.json"));
    weights(folder, "unet")
        .forEach((name, tensor) -> all.put(OriginalUnet.PREFIX + unet(name, unet), tensor));
    JsonNode vae = GoldenCase.json(folder.resolve("vae/config.json"));
    int stages = vae.path("block_out_channels").size();
    weights(folder, "vae")
        .forEach(
            (name, tensor) -> {
              String original = vae(name, stages);
              boolean matrix = original.contains("attn_1") && tensor.shape().size() == 2;
              all.put(OriginalAutoencoder.PREFIX + original, matrix ? convolution(tensor) : tensor);
            });
    boolean xl = Files.exists(folder.resolve("text_encoder_2"));
    boolean open =
        GoldenCase.json(folder.resolve("text_encoder/config.json"))
            .path("hidden_act")
            .asText()
            .equals("gelu");
    Map<String, Tensor> first = weights(folder, "text_encoder");
    if (open) {
      all.putAll(openClip("cond_stage_model.model.", first, 1));
    } else {
      String prefix = xl ? "conditioner.embedders.0.transformer." : "cond_stage_model.transformer.";
      first.forEach((name, tensor) -> all.put(prefix + name, tensor));
    }
    if (xl) {
      all.putAll(openClip("conditioner.embedders.1.model.", weights(folder, "text_encoder_2"), 0));
    }
    // What training leaves behind.
    all.put("model_ema.decay", Tensor.of(new float[] {0.5f}, 1));
    ByteBuffer updates = ByteBuffer.allocate(4).put(0, (byte) 7);
    all.put(
        "model_ema.num_updates", new Tensor(Dtype.I32, List.of(), MemorySegment.ofBuffer(updates)));
    all.put("betas", Tensor.of(new float[] {0.5f, 0.6f}, 2));
    return new Safetensors(all);
  }

  private static Map<String, Tensor> weights(Path folder, String component) {
    return PublishedWeights.in(folder.resolve(component), "").map().tensors();
  }

  static String unet(String name, JsonNode config) {
    List<Integer> layers = new ArrayList<>();
    int stages = config.path("block_out_channels").size();
    for (int i = 0; i < stages; i++) {
      JsonNode said = config.path("layers_per_block");
      layers.add(said.isArray() ? said.get(i).intValue() : said.intValue());
    }
    String plain =
        name.replaceFirst("^time_embedding\\.linear_1", "time_embed.0")
            .replaceFirst("^time_embedding\\.linear_2", "time_embed.2")
            .replaceFirst("^add_embedding\\.linear_1", "label_emb.0.0")
            .replaceFirst("^add_embedding\\.linear_2", "label_emb.0.2")
            .replaceFirst("^conv_in\\.", "input_blocks.0.0.")
            .replaceFirst("^conv_norm_out\\.", "out.0.")
            .replaceFirst("^conv_out\\.", "out.2.")
            .replaceFirst("^mid_block\\.attentions\\.0\\.", "middle_block.1.");
    Matcher middle = Pattern.compile("mid_block\\.resnets\\.([01])\\.(.*)").matcher(plain);
    if (middle.matches()) {
      return "middle_block.%s.%s"
          .formatted(middle.group(1).equals("0") ? 0 : 2, resnet(middle.group(2)));
    }
    Matcher layer = LAYER.matcher(plain);
    if (!layer.matches()) {
      return plain;
    }
    boolean down = layer.group(1).equals("down_blocks");
    int block = Integer.parseInt(layer.group(2));
    int number = Integer.parseInt(layer.group(4));
    int first = down ? 1 : 0;
    for (int i = 0; i < block; i++) {
      first += down ? layers.get(i) + 1 : layers.get(stages - 1 - i) + 1;
    }
    String rest = layer.group(5);
    String row = down ? "input_blocks" : "output_blocks";
    int last = down ? layers.get(block) : layers.get(stages - 1 - block);
    boolean attends = config.path("up_block_types").get(block).asText().startsWith("CrossAttn");
    return switch (layer.group(3)) {
      case "resnets" -> "%s.%s.0.%s".formatted(row, first + number, resnet(rest));
      case "attentions" -> "%s.%s.1.%s".formatted(row, first + number, rest);
      case "downsamplers" -> "%s.%s.0.%s".formatted(row, first + last, rest.replace("conv", "op"));
      default -> "%s.%s.%s.%s".formatted(row, first + last, attends ? 2 : 1, rest);
    };
  }

  private static String resnet(String name) {
    return name.replace("norm1", "in_layers.0")
        .replace("conv1", "in_layers.2")
        .replace("time_emb_proj", "emb_layers.1")
        .replace("norm2", "out_layers.0")
        .replace("conv2", "out_layers.3")
        .replace("conv_shortcut", "skip_connection");
  }

  static String vae(String name, int stages) {
    String plain =
        name.replace("conv_norm_out", "norm_out")
            .replace("conv_shortcut", "nin_shortcut")
            .replace("mid_block.resnets.0", "mid.block_1")
            .replace("mid_block.resnets.1", "mid.block_2")
            .replace("mid_block.attentions.0", "mid.attn_1")
            .replace("group_norm", "norm")
            .replaceFirst("to_q|query", "q")
            .replaceFirst("to_k|key", "k")
            .replaceFirst("to_v|value", "v")
            .replaceFirst("to_out\\.0|proj_attn", "proj_out");
    Matcher layer = Pattern.compile("(en|de)coder\\.(\\w+_blocks)\\.(\\d+)\\.(.*)").matcher(plain);
    if (!layer.matches()) {
      return plain;
    }
    boolean down = layer.group(1).equals("en");
    int block = Integer.parseInt(layer.group(3));
    String rest =
        layer
            .group(4)
            .replace("resnets.", "block.")
            .replaceFirst("(up|down)samplers\\.0", "$1sample");
    return "%scoder.%s.%s.%s"
        .formatted(layer.group(1), down ? "down" : "up", down ? block : stages - 1 - block, rest);
  }

  /**
   * A text encoder as OpenCLIP keeps it.
   *
   * @param more layers behind the last that is read
   */
  static Map<String, Tensor> openClip(String prefix, Map<String, Tensor> published, int more) {
    Map<String, Tensor> all = new TreeMap<>();
    int layers = 0;
    for (Map.Entry<String, Tensor> entry : published.entrySet()) {
      String name = entry.getKey();
      Matcher layer = CLIP_LAYER.matcher(name);
      if (layer.matches()) {
        layers = Math.max(layers, Integer.parseInt(layer.group(1)) + 1);
        String at = "transformer.resblocks.%s.".formatted(layer.group(1));
        String rest =
            layer
                .group(2)
                .replace("layer_norm", "ln_")
                .replace("fc1", "c_fc")
                .replace("fc2", "c_proj")
                .replace("self_attn.out_proj", "attn.out_proj");
        if (rest.matches("self_attn\\.q_proj\\.\\w+")) {
          all.put(
              at + rest.replace("self_attn.q_proj.", "attn.in_proj_"),
              stacked(
                  entry.getValue(),
                  Objects.requireNonNull(published.get(name.replace("q_proj", "k_proj"))),
                  Objects.requireNonNull(published.get(name.replace("q_proj", "v_proj")))));
        } else if (!rest.startsWith("self_attn")) {
          all.put(at + rest, entry.getValue());
        }
      } else if (name.equals("text_projection.weight")) {
        all.put("text_projection", turned(entry.getValue()));
      } else if (!name.endsWith("position_ids")) {
        all.put(
            name.replace("text_model.embeddings.position_embedding.weight", "positional_embedding")
                .replace("text_model.embeddings.", "")
                .replace("text_model.final_layer_norm", "ln_final"),
            entry.getValue());
      }
    }
    all.put("logit_scale", Tensor.of(new float[] {4.6f}));
    if (more > 0) {
      all.put("text_projection", all.get("transformer.resblocks.0.attn.out_proj.weight"));
      for (String name : List.copyOf(all.keySet())) {
        if (name.startsWith("transformer.resblocks.0.")) {
          all.put(name.replace("resblocks.0.", "resblocks.%s.".formatted(layers)), all.get(name));
        }
      }
    }
    Map<String, Tensor> named = new TreeMap<>();
    all.forEach((name, tensor) -> named.put(prefix + name, tensor));
    return named;
  }

  private static Tensor convolution(Tensor matrix) {
    return new Tensor(
        matrix.dtype(),
        List.of(matrix.shape().get(0), matrix.shape().get(1), 1L, 1L),
        matrix.values());
  }

  private static Tensor stacked(Tensor... rows) {
    List<Long> shape = new ArrayList<>(rows[0].shape());
    shape.set(0, 3 * shape.getFirst());
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(3 * rows[0].values().byteSize()));
    for (Tensor part : rows) {
      all.put(part.bytes());
    }
    return new Tensor(rows[0].dtype(), shape, MemorySegment.ofBuffer(all.flip()));
  }

  private static Tensor turned(Tensor matrix) {
    int rows = Math.toIntExact(matrix.shape().get(0));
    int columns = Math.toIntExact(matrix.shape().get(1));
    int size = matrix.dtype().bytes;
    ByteBuffer values = matrix.bytes();
    ByteBuffer turned = ByteBuffer.allocate(values.remaining());
    for (int i = 0; i < turned.capacity(); i++) {
      int value = i / size;
      turned.put((value % columns * rows + value / columns) * size + i % size, values.get(i));
    }
    return new Tensor(
        matrix.dtype(), List.of((long) columns, (long) rows), MemorySegment.ofBuffer(turned));
  }

  // ---- of published sizes, as far as they tell something

  static Map<String, Tensor> clip(String prefix, long width, int layers, long inner) {
    Map<String, Tensor> file = new TreeMap<>();
    file.put(prefix + "text_model.embeddings.position_embedding.weight", shaped(77, width));
    file.put(prefix + "text_model.embeddings.token_embedding.weight", shaped(49408, 1));
    for (int i = 0; i < layers; i++) {
      String layer = prefix + "text_model.encoder.layers.%s.".formatted(i);
      file.put(layer + "mlp.fc1.weight", shaped(inner, 1));
    }
    return file;
  }

  static Map<String, Tensor> open(String prefix, long width, int layers, long inner) {
    Map<String, Tensor> file = new TreeMap<>();
    file.put(prefix + "positional_embedding", shaped(77, width));
    file.put(prefix + "token_embedding.weight", shaped(49408, 1));
    file.put(prefix + "text_projection", shaped(1, width));
    for (int i = 0; i < layers; i++) {
      file.put(prefix + "transformer.resblocks.%s.mlp.c_fc.weight".formatted(i), shaped(inner, 1));
    }
    return file;
  }

  static Tensor shaped(long... shape) {
    long size = 1;
    for (long extent : shape) {
      size *= extent;
    }
    return Tensor.of(new float[Math.toIntExact(size)], shape);
  }
}
