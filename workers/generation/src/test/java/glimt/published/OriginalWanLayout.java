package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Wan's authors call the tensors of diffusers: the way back from a folder to their files. */
final class OriginalWanLayout {
  private OriginalWanLayout() {}

  static Safetensors transformer(Path folder) {
    Map<String, Tensor> all = new TreeMap<>();
    weights(folder, "transformer").forEach((name, tensor) -> all.put(transformer(name), tensor));
    return new Safetensors(all);
  }

  private static String transformer(String name) {
    return name.replaceFirst("^scale_shift_table$", "head.modulation")
        .replaceFirst("^proj_out\\.", "head.head.")
        .replaceFirst("^condition_embedder\\.time_embedder\\.linear_1", "time_embedding.0")
        .replaceFirst("^condition_embedder\\.time_embedder\\.linear_2", "time_embedding.2")
        .replaceFirst("^condition_embedder\\.time_proj", "time_projection.1")
        .replaceFirst("^condition_embedder\\.text_embedder\\.linear_1", "text_embedding.0")
        .replaceFirst("^condition_embedder\\.text_embedder\\.linear_2", "text_embedding.2")
        .replaceFirst("\\.scale_shift_table$", ".modulation")
        .replaceFirst("\\.attn1\\.", ".self_attn.")
        .replaceFirst("\\.attn2\\.", ".cross_attn.")
        .replaceFirst("_attn\\.to_([qkv])\\.", "_attn.$1.")
        .replaceFirst("_attn\\.to_out\\.0\\.", "_attn.o.")
        .replaceFirst("\\.norm2\\.", ".norm3.")
        .replaceFirst("\\.ffn\\.net\\.0\\.proj\\.", ".ffn.0.")
        .replaceFirst("\\.ffn\\.net\\.2\\.", ".ffn.2.");
  }

  static Safetensors autoencoder(Path folder) {
    JsonNode config = GoldenCase.json(folder.resolve("vae/config.json"));
    int row = config.path("num_res_blocks").intValue() + 2; // its blocks, and a resampler
    Map<String, Tensor> all = new TreeMap<>();
    weights(folder, "vae").forEach((name, tensor) -> all.put(autoencoder(name, row), tensor));
    return new Safetensors(all);
  }

  private static String autoencoder(String name, int row) {
    String plain =
        name.replaceFirst("^quant_conv", "conv1")
            .replaceFirst("^post_quant_conv", "conv2")
            .replaceFirst("coder\\.conv_in", "coder.conv1")
            .replaceFirst("norm_out", "head.0")
            .replaceFirst("conv_out", "head.2")
            .replaceFirst("mid_block\\.resnets\\.0", "middle.0")
            .replaceFirst("mid_block\\.attentions\\.0", "middle.1")
            .replaceFirst("mid_block\\.resnets\\.1", "middle.2")
            .replaceFirst("down_blocks\\.", "downsamples.");
    Matcher up =
        Pattern.compile("decoder\\.up_blocks\\.(\\d+)\\.(resnets|upsamplers)\\.(\\d+)\\.(.*)")
            .matcher(plain);
    if (up.matches()) {
      int place =
          Integer.parseInt(up.group(1)) * row
              + (up.group(2).equals("resnets") ? Integer.parseInt(up.group(3)) : row - 1);
      plain = "decoder.upsamples.%s.%s".formatted(place, up.group(4));
    }
    return plain.matches("conv[12]\\..*|\\w+coder\\.conv1\\..*|.*\\.middle\\.1\\..*")
        ? plain
        : plain
            .replaceFirst("\\.norm1\\.", ".residual.0.")
            .replaceFirst("\\.conv1\\.", ".residual.2.")
            .replaceFirst("\\.norm2\\.", ".residual.3.")
            .replaceFirst("\\.conv2\\.", ".residual.6.")
            .replaceFirst("\\.conv_shortcut\\.", ".shortcut.");
  }

  static Safetensors text(Path folder) {
    Map<String, Tensor> all = new TreeMap<>();
    weights(folder, "text_encoder")
        .forEach(
            (name, tensor) ->
                all.put(
                    name.replaceFirst("^shared", "token_embedding")
                        .replaceFirst("^encoder\\.final_layer_norm", "norm")
                        .replaceFirst("^encoder\\.block\\.", "blocks.")
                        .replaceFirst(
                            "\\.layer\\.0\\.SelfAttention\\.relative_attention_bias",
                            ".pos_embedding.embedding")
                        .replaceFirst("\\.layer\\.0\\.SelfAttention\\.", ".attn.")
                        .replaceFirst("\\.layer\\.0\\.layer_norm", ".norm1")
                        .replaceFirst("\\.layer\\.1\\.layer_norm", ".norm2")
                        .replaceFirst("\\.layer\\.1\\.DenseReluDense\\.wi_0", ".ffn.gate.0")
                        .replaceFirst("\\.layer\\.1\\.DenseReluDense\\.wi_1", ".ffn.fc1")
                        .replaceFirst("\\.layer\\.1\\.DenseReluDense\\.wo", ".ffn.fc2"),
                    tensor));
    return new Safetensors(all);
  }

  static Map<String, Tensor> weights(Path folder, String component) {
    return PublishedWeights.in(folder.resolve(component), "").map().tensors();
  }
}
