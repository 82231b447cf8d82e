package glimt.published;

import glimt.bundle.BundleException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The published network classes that glimt can run, by the names their configurations give. */
public final class Architectures {

  /** Writes a network's source for the sizes of a configuration. */
  @FunctionalInterface
  public interface Architecture {
    /**
     * @param config read key by key; the caller closes it
     * @param tensors the published tensors' names, where older files differ by them
     * @throws BundleException naming a setting that is not implemented
     */
    PublishedNetwork of(PublishedConfig config, Set<String> tensors);
  }

  /**
   * An autoencoder is two networks: {@code CLASS.encode} and {@code CLASS.decode}. A text encoder
   * whose words see the padding too is {@code CLASS.padded}. A network of Point-E's is {@code
   * CLASS}, and {@code CLASS.level} as a job walks it. One of clips that begin with a picture is
   * {@code CLASS.begun}.
   */
  private static final Map<String, Architecture> ALL =
      Map.ofEntries(
          Map.entry("AutoencoderKL.decode", AutoencoderKl::decoder),
          Map.entry("AutoencoderKL.encode", AutoencoderKl::encoder),
          Map.entry("AutoencoderKLLTXVideo.decode", LtxDecoder::of),
          Map.entry("AutoencoderKLLTXVideo.encode", LtxEncoder::of),
          Map.entry("AutoencoderKLWan.decode", WanAutoencoder::decode),
          Map.entry("AutoencoderKLWan.encode", WanAutoencoder::encode),
          Map.entry("CLIPImageGridPointDiffusionTransformer", PointTransformer::of),
          Map.entry("CLIPImageGridPointDiffusionTransformer.level", PointTransformer::level),
          Map.entry("CLIPImageGridUpsamplePointDiffusionTransformer", PointTransformer::of),
          Map.entry(
              "CLIPImageGridUpsamplePointDiffusionTransformer.level", PointTransformer::level),
          Map.entry("CLIPImagePointDiffusionTransformer", PointTransformer::of),
          Map.entry("CLIPImagePointDiffusionTransformer.level", PointTransformer::level),
          Map.entry("CLIPTextModel", ClipText::model),
          Map.entry("CLIPTextModelWithProjection", ClipText::modelWithProjection),
          Map.entry("CLIPVisionModel", ClipVision::of),
          Map.entry("DiTTransformer2DModel", DitTransformer::of),
          Map.entry("LTXLatentUpsamplerModel", LtxUpsampler::of),
          Map.entry("LTXVideoTransformer3DModel", LtxTransformer::of),
          Map.entry("PointDiffusionTransformer", PointTransformer::of),
          Map.entry("PointDiffusionTransformer.level", PointTransformer::level),
          Map.entry("T5EncoderModel", T5Encoder::t5),
          Map.entry("T5EncoderModel.padded", T5Encoder::padded),
          Map.entry("Transformer2DModel", DitTransformer::of),
          Map.entry("UMT5EncoderModel", T5Encoder::umt5),
          Map.entry("UNet2DConditionModel", Unet2dCondition::of),
          Map.entry("UNet2DConditionModel.told", Unet2dCondition::told),
          Map.entry("UNet2DModel", Unet2d::of),
          Map.entry("UNet3DConditionModel", Unet3dCondition::of),
          Map.entry("UpsamplePointDiffusionTransformer", PointTransformer::of),
          Map.entry("UpsamplePointDiffusionTransformer.level", PointTransformer::level),
          Map.entry("WanTransformer3DModel", WanTransformer::of),
          Map.entry("WanTransformer3DModel.begun", WanTransformer::begun));

  private Architectures() {}

  /** The classes that are known. */
  public static Set<String> names() {
    return new TreeSet<>(ALL.keySet());
  }

  /**
   * A published network.
   *
   * @param name its class, of autoencoders with the part: {@code AutoencoderKL.decode}
   * @throws BundleException if the class is not known, naming those that are
   */
  public static PublishedNetwork of(String name, PublishedConfig config, Set<String> tensors) {
    Architecture architecture = ALL.get(name);
    if (architecture == null) {
      throw new BundleException(
          "%s: the network class %s is not known; known are %s"
              .formatted(config.file(), name, names()));
    }
    return architecture.of(config, tensors);
  }
}
