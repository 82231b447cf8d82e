package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A network inside a file of weights, recognised by one of its tensors.
 *
 * @param kind which network it is
 * @param weights the file, or the index of its shards
 * @param tensors those of the network, without what all their names begin with
 */
record FilePart(PartKind kind, PublishedWeights weights, OriginalTensors tensors) {

  /** Networks by a tensor that each of them has, under the names of their authors. */
  enum PartKind {
    UNET("U-Net of Stable Diffusion", "input_blocks.0.0.weight"),
    AUTOENCODER("autoencoder of Stable Diffusion", "decoder.mid.block_1.conv1.weight"),
    CLIP("CLIP text encoder", "text_model.encoder.layers.0.self_attn.q_proj.weight"),
    OPEN_CLIP("text encoder of OpenCLIP", "transformer.resblocks.0.attn.in_proj_weight"),
    T5("T5 text encoder", "encoder.block.0.layer.0.SelfAttention.q.weight"),
    WAN_T5("text encoder of Wan", "blocks.0.attn.q.weight"),
    WAN("transformer of Wan", "blocks.0.self_attn.q.weight"),
    WAN_AUTOENCODER("autoencoder of Wan", "decoder.middle.0.residual.0.gamma"),
    LTX("transformer of LTX-Video", "patchify_proj.weight"),
    LTX_AUTOENCODER("autoencoder of LTX-Video", "per_channel_statistics.mean-of-means");

    private final String title;
    private final String mark;

    PartKind(String title, String mark) {
      this.title = title;
      this.mark = mark;
    }

    String title() {
      return title;
    }
  }

  /** Beside a text encoder in the same file; it looks at pictures. */
  private static final String VISUAL = "visual.";

  /** What is kept beside weights of 8 bits. */
  private static final String SCALES = "scale_weight";

  /**
   * The networks of a file.
   *
   * @param weights of a file, or of an index of shards
   */
  static List<FilePart> of(PublishedWeights weights) {
    String file = weights.files().getFirst().toString();
    Safetensors mapped = weights.map();
    OriginalTensors all = OriginalTensors.of(file, mapped);
    List<FilePart> parts = new ArrayList<>();
    for (Map.Entry<String, Tensor> entry : mapped.tensors().entrySet()) {
      String name = entry.getKey();
      if (name.endsWith(SCALES)) {
        throw new BundleException(
            "%s: %s scales weights of 8 bits, which are not read; give the file in 16 bits"
                .formatted(file, name));
      }
      for (PartKind kind : PartKind.values()) {
        String prefix = name.substring(0, Math.max(0, name.length() - kind.mark.length()));
        boolean marks = name.endsWith(kind.mark) && (prefix.isEmpty() || prefix.endsWith("."));
        if (marks && !prefix.endsWith(VISUAL)) {
          parts.add(new FilePart(kind, weights, all.below(prefix)));
        }
      }
    }
    return parts;
  }

  /** Whether a file holds changes of weights, and no weights. */
  static boolean isLora(PublishedWeights weights) {
    return weights.map().tensors().keySet().stream()
        .map(name -> name.toLowerCase(Locale.ROOT))
        .anyMatch(
            name -> name.matches(".*(lora[._](a|b|up|down)|lora_linear_layer|hada_|lokr_).*"));
  }

  /** Whether a file holds a Stable Diffusion, or nothing that is known. */
  static boolean isStableDiffusion(Path file) {
    List<FilePart> parts = of(PublishedWeights.file(file));
    return parts.isEmpty() || parts.stream().anyMatch(part -> part.kind == PartKind.UNET);
  }

  String file() {
    return weights.files().getFirst().toString();
  }

  /** Says of this file's tensors, by names of diffusers, where they are. */
  PublishedWeights placed(PublishedWeights.WeightsPart part) {
    return new PublishedWeights(weights.files(), part);
  }
}
