package glimt.published;

import java.util.Collections;
import java.util.List;

/**
 * What both halves of LTX-Video's codec have in common, 0.9.0 to 0.9.8 (HaCohen et al. 2024,
 * arXiv:2501.00103).
 *
 * <p>Latents are as the codec has them: what diffuses is normalised by the tensors {@code
 * latents_mean} and {@code latents_std} of the file.
 */
final class LtxAutoencoder {
  static final List<Boolean> SCALING = List.of(true, true, true, false);
  static final List<Integer> WIDTHS = List.of(128, 256, 512, 512);
  static final List<Integer> LAYERS = List.of(4, 3, 3, 3, 4);

  static final String HEAD =
      """
      # LTX-Video's codec, one way. Clips are [B, frames, channels, height, width] float32 at its ports.

      from blocks.ltx_codec import LtxConv, LtxDownsampler, LtxResnet, LtxTimedResnet, LtxTones, LtxUpsamplers
      from blocks.ltx_codec import LtxWideningResnet, ltx_normed, ltx_patches, ltx_places, ltx_tuned


      """;

  private LtxAutoencoder() {}

  /** Of the layer norms before shortcuts. */
  static double eps(PublishedConfig config) {
    config.ignore( // sizes that the tensors have, and what callers do with latents
        "in_channels",
        "out_channels",
        "latent_channels",
        "scaling_factor",
        "spatial_compression_ratio",
        "temporal_compression_ratio");
    return config.number("resnet_norm_eps", 1e-6);
  }

  /** What the parts' texts are filled with. */
  static Object[] sizes(PublishedConfig config, String causal, boolean otherwise) {
    return new Object[] {
      "patch", config.integer("patch_size", 4),
      "patch_t", config.integer("patch_size_t", 1),
      "causal", config.flag(causal, otherwise) ? "True" : "False"
    };
  }

  /** Resnets that keep the number of channels, one after the other. */
  static void resnets(SourceText source, String name, int count, boolean timed) {
    if (timed) {
      source.chain(
          name, Collections.nCopies(count, "LtxTimedResnet"), "tones: Tensor", "causal: bool");
    } else {
      source.chain(name, Collections.nCopies(count, "LtxResnet"), "causal: bool");
    }
  }
}
