package glimt.published;

import glimt.bundle.BundleException;
import glimt.model.BundleCard;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The published pipelines that glimt can run, by the class that {@code model_index.json} names. */
public final class Pipelines {

  /** Writes the files of a bundle, and says what they are. */
  @FunctionalInterface
  interface Pipeline {
    /**
     * @return the card, without digests
     * @throws BundleException naming what is not known, or does not fit
     */
    BundleCard card(PublishedFolder from, BundleDraft draft, ImportOptions options);
  }

  private static final Map<String, Pipeline> ALL =
      Map.ofEntries(
          Map.entry(PointEFolder.CLASS, PointE::card),
          Map.entry("DDIMPipeline", DdpmPictures::ddim),
          Map.entry("DDPMPipeline", DdpmPictures::ddpm),
          Map.entry("DiTPipeline", DitPictures::card),
          Map.entry("IFPipeline", DeepFloydIf::card),
          Map.entry("IFSuperResolutionPipeline", DeepFloydIf::card),
          Map.entry("LTXConditionPipeline", LtxVideo::condition),
          Map.entry("LTXImageToVideoPipeline", LtxVideo::card),
          Map.entry("LTXPipeline", LtxVideo::card),
          Map.entry("LatentConsistencyModelPipeline", StableDiffusion::card),
          Map.entry("StableDiffusionImg2ImgPipeline", StableDiffusion::card),
          Map.entry("StableDiffusionPipeline", StableDiffusion::card),
          Map.entry("StableDiffusionUpscalePipeline", Upscaling::card),
          Map.entry(StableDiffusionXl.PICTURES, StableDiffusionXl::card),
          Map.entry("StableDiffusionXLPipeline", StableDiffusionXl::card),
          Map.entry("TextToVideoSDPipeline", TextToVideoSd::card),
          Map.entry("VideoToVideoSDPipeline", TextToVideoSd::card),
          Map.entry("WanImageToVideoPipeline", WanVideo::card),
          Map.entry("WanPipeline", WanVideo::card),
          Map.entry("WanVideoToVideoPipeline", WanVideo::card));

  private Pipelines() {}

  /** The classes that are known. */
  public static Set<String> names() {
    return new TreeSet<>(ALL.keySet());
  }

  /**
   * @throws BundleException if the class is not known, naming those that are, or nothing may stand
   *     above it
   */
  static Pipeline of(PublishedFolder folder) {
    Pipeline pipeline = ALL.get(folder.className());
    if (pipeline == null) {
      throw new BundleException(
          "%s: the pipeline %s is not known; known are %s"
              .formatted(folder.folder(), folder.className(), names()));
    }
    if (!folder.above().isEmpty() && !folder.className().equals("IFPipeline")) {
      throw new BundleException(
          "%s: a %s has no stages above it".formatted(folder.folder(), folder.className()));
    }
    return pipeline;
  }
}
