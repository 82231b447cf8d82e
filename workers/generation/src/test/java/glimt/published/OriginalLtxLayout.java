package glimt.published;

import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What LTX-Video's authors call the tensors of diffusers: the way back from a folder to a file. */
final class OriginalLtxLayout {
  private OriginalLtxLayout() {}

  /** The transformer and the codec in one file. */
  static Map<String, Tensor> of(Path folder) {
    Map<String, Tensor> all = new TreeMap<>();
    OriginalWanLayout.weights(folder, "transformer")
        .forEach(
            (name, tensor) ->
                all.put(
                    "model.diffusion_model."
                        + name.replaceFirst("^proj_in", "patchify_proj")
                            .replaceFirst("^time_embed", "adaln_single")
                            .replace("norm_q", "q_norm")
                            .replace("norm_k", "k_norm"),
                    tensor));
    Map<String, Tensor> codec = OriginalWanLayout.weights(folder, "vae");
    List<String> rows = new ArrayList<>(row(codec.keySet(), "encoder"));
    rows.addAll(row(codec.keySet(), "decoder"));
    codec.forEach((name, tensor) -> all.put("vae." + codec(name, rows), tensor));
    all.put("vae.per_channel_statistics.channel", Tensor.of(new float[] {1}, 1));
    return all;
  }

  /** The blocks of a half as diffusers names them, in the authors' order. */
  private static List<String> row(Set<String> names, String half) {
    List<String> row = new ArrayList<>();
    boolean encodes = half.equals("encoder");
    if (!encodes) {
      row.add("decoder.mid_block");
    }
    List<String> inner =
        encodes
            ? List.of("", ".downsamplers.0", ".conv_out")
            : List.of(".conv_in", ".upsamplers.0", "");
    for (int i = 0; i < 8; i++) {
      for (String part : inner) {
        String at = "%s.%s_blocks.%s%s".formatted(half, encodes ? "down" : "up", i, part);
        String within = part.isEmpty() ? at + ".resnets." : at + ".";
        if (names.stream().anyMatch(name -> name.startsWith(within))) {
          row.add(at);
        }
      }
    }
    if (encodes) {
      row.add("encoder.mid_block");
    }
    return row;
  }

  private static String codec(String name, List<String> rows) {
    String original = name;
    for (String half : List.of("encoder", "decoder")) {
      List<String> row = rows.stream().filter(at -> at.startsWith(half)).toList();
      String best =
          row.stream()
              .filter(at -> name.startsWith(at + "."))
              .max(java.util.Comparator.comparingInt(String::length))
              .orElse("");
      if (!best.isEmpty()) {
        original =
            "%s.%s_blocks.%s%s"
                .formatted(
                    half,
                    half.equals("encoder") ? "down" : "up",
                    row.indexOf(best),
                    name.substring(best.length()));
      }
    }
    return original
        .replace(".resnets.", ".res_blocks.")
        .replace(".conv_shortcut.conv.", ".conv_shortcut.")
        .replaceFirst("\\.norm3\\.", ".norm3.norm.")
        .replaceFirst("^decoder\\.time_embedder", "decoder.last_time_embedder")
        .replaceFirst("^decoder\\.scale_shift_table", "decoder.last_scale_shift_table")
        .replaceFirst("^latents_mean$", "per_channel_statistics.mean-of-means")
        .replaceFirst("^latents_std$", "per_channel_statistics.std-of-means");
  }
}
